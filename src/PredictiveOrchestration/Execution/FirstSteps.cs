using PredictiveOrchestration.Backends;
using PredictiveOrchestration.Circuits;

namespace PredictiveOrchestration.Execution;

/// <summary>How a run begins whose plan may come too late.</summary>
/// <param name="Steps">What it does first.</param>
/// <param name="Plan">Plans it from its beginning, for the case that it is not over then; null if it shall not be looked at.</param>
internal sealed record UnplannedStart(FirstSteps Steps, Func<HotSwapPlan?> Plan);

/// <summary>
/// Lets a run go ahead without a plan on an engine whose time is predicted from a bound on the amplitudes: where the bound is loose the run may be over before planning would be. It
/// ends when its time is over, or as soon as the amplitudes are as many as the bound says, for then the prediction is right.
/// </summary>
/// <param name="circuit">The circuit.</param>
/// <param name="bound">The base-2 logarithm of the support bound after each operation.</param>
/// <param name="most">The longest time.</param>
/// <param name="time">The clock.</param>
internal sealed class FirstSteps(Circuit circuit, ReadOnlyMemory<byte> bound, TimeSpan most, TimeProvider time)
{
    // So many amplitudes are few, whatever the bound says; and by how much they may fall short of it and be called as many.
    private const int FewLog2 = 6;
    private const double Close = 1.5;

    // By how much they may grow between two looks, and how much work may be done.
    private const double Growth = 4, Work = 1 << 17;
    private readonly int _end = circuit.UnitaryEnd(0);

    /// <summary>Goes ahead.</summary>
    /// <returns>Whether everything up to the first measurement is done.</returns>
    public bool Run(IBackendSession session)
    {
        var start = time.GetTimestamp();
        while (session.Position < _end)
        {
            var position = session.Position;
            if (session.Observe().NonZeros is not { } stored || time.GetElapsedTime(start) > most)
            {
                return false;
            }

            var support = Math.Log2(Math.Max(1, stored));
            var stop = Next(position, support);
            if (stop < _end && support >= FewLog2 && bound.Span[position - 1] - support < Close)
            {
                return false;
            }

            session.Advance(stop);
        }

        return true;
    }

    // As far as the amplitudes surely stay few enough.
    private int Next(int position, double support)
    {
        var operations = circuit.Operations;
        var trajectory = bound.Span;
        double limit = Math.Max(support, FewLog2) + Growth, work = 0, power = double.NaN, amplitudes = 0;
        for (var i = position; i < _end; i++)
        {
            ref readonly var op = ref operations[i];
            var mixes = op.Kind == OperationKind.Unitary || (op.Kind == OperationKind.Gate && circuit.GateOf(op).Structure == GateStructure.Generic);
            support = Math.Min(trajectory[i], support + (mixes ? op.QubitCount - op.ControlCount : 0));
            if (support != power)
            {
                (power, amplitudes) = (support, Math.Pow(2, support));
            }

            work += amplitudes;
            if (support > limit || work > Work)
            {
                return Math.Max(position + 1, i);
            }
        }

        return _end;
    }
}
