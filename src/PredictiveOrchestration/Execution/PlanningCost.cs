using PredictiveOrchestration.Backends;
using PredictiveOrchestration.Circuits.Library;
using PredictiveOrchestration.Profiling;

namespace PredictiveOrchestration.Execution;

/// <summary>What planning a job takes on this machine, learned from every plan. Thread-safe.</summary>
internal sealed class PlanningCost
{
    // Costs of the engines are looked up however short the circuit is: as much as that many operations.
    private const int Fixed = 800;
    private const int Rounds = 40;

    // How fast it is learned that planning takes less, and that it takes more: a thread may have waited, and the first plans wait for the compiler.
    private const double GainDown = 0.2, GainUp = 0.1;
    private const double Forgetting = 0.99, LeastSecondsPerOperation = 1e-8;

    // Of two cores, one three times as fast as the other, in the middle: a dozen plans tell.
    private double _secondsPerOperation = 5e-8;

    /// <summary>Plans a circuit some times, so that the first job does not wait for the compiler. How long that takes says nothing of later plans.</summary>
    public static void WarmUp(IEnumerable<IQuantumBackend> backends, ConversionCosts conversions, Func<CircuitProfile, WorkTrajectory, ISegmentCostModel> costs)
    {
        var engines = backends.OfType<ISegmentedBackend>().ToList();
        if (engines.Count < 2)
        {
            return;
        }

        var circuit = Fourier.Qft(12);
        var profile = CircuitProfiler.Profile(circuit);
        for (var round = 0; round < Rounds; round++)
        {
            var work = new WorkTrajectory(circuit, profile.Features);
            new HotSwapPlanner(work, profile.NumQubits, costs(profile, work), conversions, engines, double.MaxValue, 1).Plan(StateOutlook.AtStart, stay: 0);
        }
    }

    /// <summary>The seconds that planning a circuit of so many operations takes.</summary>
    public double Seconds(int operations) => (operations + Fixed) * Volatile.Read(ref _secondsPerOperation);

    /// <summary>Whether planning may take as long as that. Where it may not it is believed to take a little less the next time, or what was seen once on a busy machine would stand for ever.</summary>
    public bool IsWithin(int operations, double seconds)
    {
        if (Seconds(operations) <= seconds)
        {
            return true;
        }

        Volatile.Write(ref _secondsPerOperation, Math.Max(LeastSecondsPerOperation, Volatile.Read(ref _secondsPerOperation) * Forgetting));
        return false;
    }

    /// <summary>Learns from a plan. A pause of the thread moves it by little, and what the compiler takes the first time is forgotten soon.</summary>
    public void Observe(int operations, double seconds)
    {
        if (seconds > 0)
        {
            var known = Seconds(operations);
            Volatile.Write(ref _secondsPerOperation, known * Math.Pow(Math.Clamp(seconds / known, 0.5, 2), seconds < known ? GainDown : GainUp) / (operations + Fixed));
        }
    }
}
