using PredictiveOrchestration.Circuits;

namespace PredictiveOrchestration.Orleans.Wire;

/// <summary>
/// Programs that this silo has read: one that is planned and then run here is read once, and one that comes again and again is kept, so that its circuit, being the same object, is also profiled and
/// prepared once. One that does not come again is forgotten with its run. Bounded by what it holds, thread-safe.
/// </summary>
internal sealed class KnownPrograms
{
    private const long MostBytes = 32 << 20;
    private readonly Lock _lock = new();
    private readonly Dictionary<string, LinkedListNode<Known>> _known = new(StringComparer.Ordinal);

    // Those used last come first.
    private readonly LinkedList<Known> _order = new();

    // Hashes of the programs of late, each in the one place where it may be: two that share a place or a hash only make one be kept too late or too soon.
    private readonly int[] _seen = new int[4096];
    private long _bytes;

    /// <summary>The circuit of an OpenQASM source without inputs, which will be run.</summary>
    /// <exception cref="Circuits.OpenQasm.OpenQasmException">It has errors.</exception>
    public Circuit Plan(string source)
    {
        if (Find(source) is { } known)
        {
            known.ComesAgain = true;
            return known.Circuit;
        }

        return Keep(new Known(source, SubmissionCodec.Program(source, null)) { ComesAgain = IsSeen(source) });
    }

    /// <summary>The same when it runs.</summary>
    /// <exception cref="Circuits.OpenQasm.OpenQasmException">It has errors.</exception>
    public Circuit Run(string source)
    {
        if (Find(source) is { } known)
        {
            Forget(known);
            return known.Circuit;
        }

        // Planned by another silo.
        var read = new Known(source, SubmissionCodec.Program(source, null)) { ComesAgain = IsSeen(source) };
        return read.ComesAgain ? Keep(read) : read.Circuit;
    }

    private Known? Find(string source)
    {
        lock (_lock)
        {
            if (!_known.TryGetValue(source, out var found))
            {
                return null;
            }

            _order.Remove(found);
            _order.AddFirst(found);
            return found.Value;
        }
    }

    private bool IsSeen(string source)
    {
        var hash = source.GetHashCode(StringComparison.Ordinal);
        return Interlocked.Exchange(ref _seen[hash & (_seen.Length - 1)], hash) == hash;
    }

    private Circuit Keep(Known read)
    {
        lock (_lock)
        {
            if (read.Bytes <= MostBytes / 8 && _known.TryAdd(read.Source, new LinkedListNode<Known>(read)))
            {
                _order.AddFirst(_known[read.Source]);
                for (_bytes += read.Bytes; _bytes > MostBytes;)
                {
                    Remove(_order.Last!.Value);
                }
            }
        }

        return read.Circuit;
    }

    private void Forget(Known known)
    {
        lock (_lock)
        {
            if (!known.ComesAgain)
            {
                Remove(known);
            }
        }
    }

    private void Remove(Known known)
    {
        if (_known.Remove(known.Source, out var node))
        {
            _order.Remove(node);
            _bytes -= node.Value.Bytes;
        }
    }

    private sealed class Known(string source, Circuit circuit)
    {
        public string Source => source;

        public Circuit Circuit => circuit;

        public bool ComesAgain { get; set; }

        // About what is held: the text, some 45 bytes for each operation, and as much of what is known of a circuit that has run.
        public long Bytes => 2048 + (2L * source.Length) + (90L * circuit.Operations.Length);
    }
}
