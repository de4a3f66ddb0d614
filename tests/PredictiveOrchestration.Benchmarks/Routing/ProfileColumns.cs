using System.Globalization;
using System.Reflection;
using System.Runtime.CompilerServices;
using PredictiveOrchestration.Profiling;

namespace PredictiveOrchestration.Benchmarks.Routing;

/// <summary>
/// Profiles as columns of numbers and back, so that a table measured once serves models whose inputs change: every number of the profile
/// is a column named after its property. The support trajectory, one byte for each operation, is left out.
/// </summary>
internal static class ProfileColumns
{
    private static readonly PropertyInfo[] Headline = Writable(typeof(CircuitProfile));
    private static readonly PropertyInfo[] Features = Writable(typeof(CircuitFeatures));
    private static readonly PropertyInfo[] Supermarq = Writable(typeof(SupermarqFeatures));

    /// <summary>The names of the columns.</summary>
    public static IReadOnlyList<string> Names { get; } = [.. Headline.Select(p => p.Name), .. Supermarq.Select(p => p.Name), .. Features.Select(p => p.Name)];

    /// <summary>The values of a profile that was made from a circuit.</summary>
    public static IEnumerable<string> Write(CircuitProfile profile)
    {
        object features = profile.Features!, supermarq = profile.Features!.Supermarq;
        return Headline.Select(p => Text(p.GetValue(profile))).Concat(Supermarq.Select(p => Text(p.GetValue(supermarq)))).Concat(Features.Select(p => Text(p.GetValue(features))));
    }

    /// <summary>Makes a profile of columns; a property without a column keeps its default.</summary>
    public static CircuitProfile Read(IReadOnlyDictionary<string, string> columns)
    {
        var supermarq = RuntimeHelpers.GetUninitializedObject(typeof(SupermarqFeatures));
        var features = RuntimeHelpers.GetUninitializedObject(typeof(CircuitFeatures));
        var profile = RuntimeHelpers.GetUninitializedObject(typeof(CircuitProfile));
        Fill(supermarq, Supermarq, columns);
        Fill(features, Features, columns);
        Fill(profile, Headline, columns);
        typeof(CircuitFeatures).GetProperty(nameof(CircuitFeatures.Supermarq))!.SetValue(features, supermarq);
        typeof(CircuitProfile).GetProperty(nameof(CircuitProfile.Features))!.SetValue(profile, features);
        return (CircuitProfile)profile with { Planned = [] };
    }

    private static PropertyInfo[] Writable(Type type) =>
        [.. type.GetProperties(BindingFlags.Instance | BindingFlags.Public | BindingFlags.NonPublic).Where(p => p.CanWrite && p.Name is not (nameof(CircuitFeatures.SupportTrajectory) or nameof(CircuitFeatures.BondTrajectory))
            && (p.PropertyType.IsPrimitive || p.PropertyType == typeof(ReadOnlyMemory<byte>) || p.PropertyType == typeof(double[])))];

    private static void Fill(object target, PropertyInfo[] properties, IReadOnlyDictionary<string, string> columns)
    {
        foreach (var property in properties)
        {
            if (columns.TryGetValue(property.Name, out var text))
            {
                property.SetValue(target, Value(property.PropertyType, text));
            }
        }
    }

    private static string Text(object? value) => value switch
    {
        bool b => b ? "1" : "0",
        ReadOnlyMemory<byte> bytes => "x" + Convert.ToHexString(bytes.Span),
        double[] numbers => string.Join(';', numbers.Select(d => d.ToString("G7", CultureInfo.InvariantCulture))),
        double d => d.ToString("R", CultureInfo.InvariantCulture),
        IFormattable f => f.ToString(null, CultureInfo.InvariantCulture),
        _ => string.Empty,
    };

    private static object Value(Type type, string text) =>
        type == typeof(bool) ? text == "1"
        : type == typeof(ReadOnlyMemory<byte>) ? (object)new ReadOnlyMemory<byte>(Convert.FromHexString(text[1..]))
        : type == typeof(double[]) ? text.Split(';', StringSplitOptions.RemoveEmptyEntries).Select(d => double.Parse(d, CultureInfo.InvariantCulture)).ToArray()
        : Convert.ChangeType(text, type, CultureInfo.InvariantCulture);
}
