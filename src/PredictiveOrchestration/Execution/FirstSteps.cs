using PredictiveOrchestration.Backends;
using PredictiveOrchestration.Circuits;

namespace PredictiveOrchestration.Execution;

/// <summary>How a run begins whose plan may come too late.</summary>
/// <param name="Steps">What it does first.</param>
/// <param name="Plan">Plans it from its beginning, for the case that it is not over then; null if it shall not be looked at.</param>
internal sealed record UnplannedStart(FirstSteps Steps, Func<HotSwapPlan?> Plan);

/// <summary>
/// Lets a run go ahead without a plan on an engine whose time is predicted from a bound, on the amplitudes or on bonds: where the bound is loose the run may be over before planning would
/// be. It ends when its time is over, or as soon as the amplitudes are as many as the bound says, for then the prediction is right. Of bonds that cannot be told; there it ends when what
/// is left, as fast as it goes now, is worth a plan.
/// </summary>
/// <param name="circuit">The circuit.</param>
/// <param name="end">The first operation that measures, resets or depends on a measurement.</param>
/// <param name="bound">The base-2 logarithm of the support bound after each operation.</param>
/// <param name="most">The longest time; with bonds the least after which it may end.</param>
/// <param name="worth">The run that is long enough to be planned.</param>
/// <param name="time">The clock.</param>
internal sealed class FirstSteps(Circuit circuit, int end, ReadOnlyMemory<byte> bound, TimeSpan most, TimeSpan worth, TimeProvider time)
{
    // So many amplitudes are few, whatever the bound says; and by how much they may fall short of it and be called as many.
    private const int FewLog2 = 6;
    private const double Close = 1.5;

    // By how much they may grow between two looks, and how much work may be done.
    private const int Growth = 4, Work = 1 << 17;

    // How many gates a chain goes through between two looks at the clock, at least how many tell its pace if there have been as many, and by how much it is taken to slow down, as bonds grow.
    private const int ChainStep = 16, PaceOver = 64;
    private const double Slowing = 2;
    private static readonly bool[] Mixes = Array.ConvertAll(GateCatalog.Table, g => g.Structure == GateStructure.Generic);

    /// <summary>Goes ahead.</summary>
    /// <returns>Whether everything up to the first measurement is done.</returns>
    public bool Run(IBackendSession session)
    {
        var seen = session.Observe();
        return seen.BondDimension is not null ? RunChain(session) : seen.NonZeros is not null && RunAmplitudes(session);
    }

    private bool RunChain(IBackendSession session)
    {
        var start = time.GetTimestamp();
        var mark = (At: session.Position, Elapsed: TimeSpan.Zero);
        var before = mark;
        while (session.Position < end)
        {
            session.Advance(Math.Min(end, session.Position + ChainStep));
            var elapsed = time.GetElapsedTime(start);
            var left = Slowing * (elapsed - before.Elapsed) * (end - session.Position) / (session.Position - before.At);
            if (elapsed > most && elapsed + left > worth)
            {
                return session.Position == end;
            }

            if (session.Position - mark.At >= PaceOver)
            {
                (before, mark) = (mark, (session.Position, elapsed));
            }
        }

        return true;
    }

    private bool RunAmplitudes(IBackendSession session)
    {
        var start = time.GetTimestamp();
        while (session.Position < end)
        {
            var position = session.Position;
            if (session.Observe().NonZeros is not { } stored || time.GetElapsedTime(start) > most)
            {
                return false;
            }

            var support = Math.Log2(Math.Max(1, stored));
            var stop = Next(position, support);
            if (stop < end && support >= FewLog2 && bound.Span[position - 1] - support < Close)
            {
                return false;
            }

            session.Advance(stop);
        }

        return true;
    }

    // As far as the amplitudes surely stay few enough.
    private int Next(int position, double seen)
    {
        var operations = circuit.Operations;
        var trajectory = bound.Span;
        var support = (int)Math.Ceiling(seen);
        var (limit, work) = (Math.Max(support, FewLog2) + Growth, 0L);
        for (var i = position; i < end; i++)
        {
            ref readonly var op = ref operations[i];
            if (op.Kind == OperationKind.Gate ? Mixes[op.GateIndex] : op.Kind == OperationKind.Unitary)
            {
                support += op.QubitCount - op.ControlCount;
            }

            support = Math.Min(support, trajectory[i]);
            if (support > limit || (work += 1L << support) > Work)
            {
                return Math.Max(position + 1, i);
            }
        }

        return end;
    }
}
