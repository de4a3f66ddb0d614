using PredictiveOrchestration.Circuits;

namespace PredictiveOrchestration.Orleans.Wire;

/// <summary>
/// Programs that this silo has read of late: one that is planned and then run here is read once, and so is one that comes again and again, whose circuit, being the same object, is also profiled and
/// prepared once. Bounded by what it holds, thread-safe.
/// </summary>
internal sealed class KnownPrograms
{
    // About the bytes of texts and operations.
    private const long Most = 32 << 20;
    private readonly Lock _lock = new();
    private readonly Dictionary<string, LinkedListNode<Known>> _known = new(StringComparer.Ordinal);

    // Those used last come first.
    private readonly LinkedList<Known> _order = new();
    private long _bytes;

    /// <summary>The circuit of an OpenQASM source without inputs.</summary>
    /// <exception cref="Circuits.OpenQasm.OpenQasmException">It has errors.</exception>
    public Circuit Read(string source)
    {
        lock (_lock)
        {
            if (_known.TryGetValue(source, out var found))
            {
                _order.Remove(found);
                _order.AddFirst(found);
                return found.Value.Circuit;
            }
        }

        var read = new Known(source, SubmissionCodec.Program(source, null));
        if (read.Bytes <= Most / 8)
        {
            Keep(read);
        }

        return read.Circuit;
    }

    private void Keep(Known read)
    {
        lock (_lock)
        {
            if (!_known.TryAdd(read.Source, new LinkedListNode<Known>(read)))
            {
                return;
            }

            _order.AddFirst(_known[read.Source]);
            for (_bytes += read.Bytes; _bytes > Most; _bytes -= _order.Last!.Value.Bytes, _order.RemoveLast())
            {
                _known.Remove(_order.Last!.Value.Source);
            }
        }
    }

    private sealed record Known(string Source, Circuit Circuit)
    {
        public long Bytes => (2L * Source.Length) + (24L * Circuit.Operations.Length);
    }
}
