using System.Numerics;

namespace PredictiveOrchestration.Simulation.Sparse;

/// <summary>
/// Draws entries by inverting the cumulative probability, in the order of the entries. A guide says for equal parts of [0, 1) where to begin,
/// so that a draw takes a step or two however many entries there are.
/// </summary>
internal sealed unsafe class EntrySampler : IDisposable
{
    private readonly EntryStore _entries;
    private readonly RunContext _context;
    private readonly BookedBuffer _cumulative;
    private readonly BookedBuffer _guide;
    private readonly double _total;
    private readonly int _parts;

    public EntrySampler(EntryStore entries, RunContext context)
    {
        _entries = entries;
        _context = context;
        _cumulative = new BookedBuffer(context, "the cumulative probabilities");
        _guide = new BookedBuffer(context, "the guide to the cumulative probabilities");
        try
        {
            _cumulative.Ensure(8L * entries.Count);
            _parts = (int)BitOperations.RoundUpToPowerOf2((uint)entries.Count);
            _guide.Ensure(4L * _parts);
            _total = Accumulate();
            FillGuide();
        }
        catch
        {
            Dispose();
            throw;
        }
    }

    public void Sample(IndexPacker packer, ReadOnlySpan<double> draws, Span<ulong> outcomes)
    {
        var words = outcomes.Length / Math.Max(1, draws.Length);
        var cumulative = (double*)_cumulative.Address;
        var guide = (int*)_guide.Address;
        var planes = _entries.Planes;
        for (var shot = 0; shot < draws.Length; shot++)
        {
            Check(shot);
            var entry = guide[(int)(draws[shot] * _parts)];
            var wanted = draws[shot] * _total;
            while (entry < _entries.Count - 1 && cumulative[entry] <= wanted)
            {
                entry++;
            }

            packer.Pack(planes.IndexAt(entry), outcomes.Slice(shot * words, words));
        }
    }

    public void Dispose()
    {
        _cumulative.Dispose();
        _guide.Dispose();
    }

    private double Accumulate()
    {
        var cumulative = (double*)_cumulative.Address;
        var planes = _entries.Planes;
        var total = 0.0;
        for (var i = 0; i < _entries.Count; i++)
        {
            Check(i);
            total += planes.Re[i] * planes.Re[i] + planes.Im[i] * planes.Im[i];
            cumulative[i] = total;
        }

        return total;
    }

    // Part k begins at the first entry whose cumulative probability exceeds k / parts of the total.
    private void FillGuide()
    {
        var cumulative = (double*)_cumulative.Address;
        var guide = (int*)_guide.Address;
        var entry = 0;
        for (var part = 0; part < _parts; part++)
        {
            Check(part);
            var least = (double)part / _parts * _total;
            while (entry < _entries.Count - 1 && cumulative[entry] <= least)
            {
                entry++;
            }

            guide[part] = entry;
        }
    }

    private void Check(int i)
    {
        if ((i & (EntryStore.CheckInterval - 1)) == 0)
        {
            _context.Check(_context.OperationCount);
        }
    }
}
