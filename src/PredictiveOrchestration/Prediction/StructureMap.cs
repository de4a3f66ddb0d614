using System.Collections.Immutable;

namespace PredictiveOrchestration.Prediction;

/// <summary>Something for each of the structures that ran lately. Bounded: the oldest structure goes first. Immutable.</summary>
internal sealed class StructureMap<T>
{
    private readonly ImmutableDictionary<ulong, T> _values;
    private readonly ImmutableQueue<ulong> _order;
    private readonly int _most;

    private StructureMap(int most, ImmutableDictionary<ulong, T> values, ImmutableQueue<ulong> order) => (_most, _values, _order) = (most, values, order);

    public int Count => _values.Count;

    /// <summary>A map of at most so many structures.</summary>
    public static StructureMap<T> Empty(int most) => new(most, ImmutableDictionary<ulong, T>.Empty, []);

    public bool TryGet(ulong structure, [System.Diagnostics.CodeAnalysis.MaybeNullWhen(false)] out T value) => _values.TryGetValue(structure, out value);

    /// <summary>The map with a new or other value.</summary>
    public StructureMap<T> With(ulong structure, T value)
    {
        var order = _values.ContainsKey(structure) ? _order : _order.Enqueue(structure);
        var values = _values.SetItem(structure, value);
        if (values.Count > _most)
        {
            order = order.Dequeue(out var oldest);
            values = values.Remove(oldest);
        }

        return new StructureMap<T>(_most, values, order);
    }

    /// <summary>Writes the structures, oldest first.</summary>
    public void Write(BinaryWriter writer, Action<BinaryWriter, T> write)
    {
        writer.Write(Count);
        foreach (var structure in _order)
        {
            writer.Write(structure);
            write(writer, _values[structure]);
        }
    }

    /// <param name="most">The most structures.</param>
    /// <param name="reader">Where to read.</param>
    /// <param name="leastBytes">The least bytes of a structure and its value.</param>
    /// <param name="read">Reads a value.</param>
    /// <exception cref="InvalidDataException">What is there is no map.</exception>
    public static StructureMap<T> Read(int most, BinaryReader reader, int leastBytes, Func<BinaryReader, T> read)
    {
        var count = reader.ReadCount(leastBytes);
        BinaryParts.Require(count <= most);
        var (values, order) = (ImmutableDictionary.CreateBuilder<ulong, T>(), ImmutableQueue<ulong>.Empty);
        for (var i = 0; i < count; i++)
        {
            var structure = reader.ReadUInt64();
            BinaryParts.Require(values.TryAdd(structure, read(reader)));
            order = order.Enqueue(structure);
        }

        return new StructureMap<T>(most, values.ToImmutable(), order);
    }
}
