using System.Globalization;
using System.Text.Json;
using PredictiveOrchestration.Common;

namespace PredictiveOrchestration.Noise;

/// <summary>
/// Reads calibrations in three shapes: IonQ's characterizations, IBM's properties, and the worker's own. All sizes are bounded before anything is kept.
/// </summary>
internal static class CalibrationJson
{
    private const int MostCouplings = 1_000_000;

    /// <summary>Reads a document, and tells by its fields which of the shapes it has.</summary>
    /// <exception cref="FormatException">It is no JSON, has none of the shapes, or a number is impossible.</exception>
    public static DeviceCalibration Read(string json)
    {
        try
        {
            var root = JsonReading.Parse(json);
            root = root.Get("characterizations").Items().FirstOrDefault() is { ValueKind: JsonValueKind.Object } first ? first : root.Get("properties") ?? root;
            var calibration = root.Get("fidelity") is not null ? IonQCharacterization.Read(root)
                : root.Get("gates") is { ValueKind: JsonValueKind.Array } && root.Get("qubits") is { ValueKind: JsonValueKind.Array } ? IbmProperties.Read(root)
                : root.Get("oneQubitError") is not null || root.Get("twoQubitError") is not null || root.Get("readoutError") is not null || root.Get("t1") is not null || root.Get("t2") is not null ? Own(root)
                : throw new FormatException("It is neither an IonQ characterization (with 'fidelity'), nor IBM properties (with 'qubits' and 'gates'), nor has it any of 'oneQubitError', 'twoQubitError', 'readoutError', 't1' and 't2'.");
            calibration.Check();
            return calibration;
        }
        catch (Exception exception) when (exception is JsonException or InvalidOperationException or OverflowException or ArgumentException)
        {
            throw new FormatException($"The calibration cannot be read: {exception.Message}", exception);
        }
    }

    /// <summary>Pairs of qubits.</summary>
    public static IReadOnlyList<(int First, int Second)> Couplings(JsonElement? array)
    {
        if (array is { ValueKind: JsonValueKind.Array } a && a.GetArrayLength() > MostCouplings)
        {
            throw new FormatException($"The calibration lists {a.GetArrayLength()} couplings; accepted are {MostCouplings}.");
        }

        return [.. array.Items().Where(p => p.ValueKind == JsonValueKind.Array && p.GetArrayLength() == 2).Select(p => (p[0].GetInt32(), p[1].GetInt32()))];
    }

    private static DeviceCalibration Own(JsonElement json)
    {
        double? Number(string name) => json.Get(name).Number();
        return new DeviceCalibration
        {
            Device = json.Get("device").Text() ?? json.Get("name").Text() ?? "device",
            MeasuredAt = json.Get("asOf").Moment(),
            NumQubits = (int)Math.Clamp(Number("numQubits") ?? 0, 0, DeviceCalibration.MaxQubits),
            Couplings = Couplings(json.Get("couplings")),
            BasisGates = json.Get("basisGates").Items().Select(g => g.GetString() ?? string.Empty).ToHashSet(StringComparer.Ordinal),
            OneQubitError = Number("oneQubitError"),
            TwoQubitError = Number("twoQubitError"),
            ReadoutError = Number("readoutError"),
            ReadoutErrorOfOne = Number("readoutErrorOfOne"),
            T1 = Number("t1"),
            T2 = Number("t2"),
            OneQubitTime = Number("oneQubitSeconds"),
            TwoQubitTime = Number("twoQubitSeconds"),
            ReadoutTime = Number("readoutSeconds"),
            VirtualZ = json.Get("virtualZ") is not { ValueKind: JsonValueKind.False },
            OneQubitErrors = ByQubit(json.Get("oneQubitErrors")),
            ReadoutErrors = ByQubit(json.Get("readoutErrors")),
            ReadoutErrorsOfOne = ByQubit(json.Get("readoutErrorsOfOne")),
            TwoQubitErrors = json.Get("twoQubitErrors").Members().ToDictionary(m => Pair(m.Name), m => ((JsonElement?)m.Value).Number() ?? throw new FormatException($"'twoQubitErrors' of '{m.Name}' is no number.")),
        };
    }

    private static Dictionary<int, double> ByQubit(JsonElement? json) =>
        json.Members().ToDictionary(m => int.Parse(m.Name, NumberStyles.None, CultureInfo.InvariantCulture), m => ((JsonElement?)m.Value).Number() ?? throw new FormatException($"The error of qubit '{m.Name}' is no number."));

    private static (int, int) Pair(string name)
    {
        var parts = name.Split('-');
        return parts.Length == 2 && int.TryParse(parts[0], NumberStyles.None, CultureInfo.InvariantCulture, out var a) && int.TryParse(parts[1], NumberStyles.None, CultureInfo.InvariantCulture, out var b)
            ? (Math.Min(a, b), Math.Max(a, b))
            : throw new FormatException($"'{name}' is no pair of qubits such as '0-1'.");
    }
}
