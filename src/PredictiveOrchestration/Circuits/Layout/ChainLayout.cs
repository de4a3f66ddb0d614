using PredictiveOrchestration.Common;

namespace PredictiveOrchestration.Circuits.Layout;

/// <summary>
/// Where a matrix product state keeps each qubit of a circuit: in the caller's order, unless another lets the bonds grow less.
/// </summary>
/// <param name="SiteOf">The site at which each qubit begins.</param>
/// <param name="RelabelSwaps">Whether a swap exchanges the sites of its qubits instead of being applied.</param>
/// <param name="Forecast">The bonds in this layout.</param>
internal sealed record ChainLayout(int[] SiteOf, bool RelabelSwaps, BondForecast Forecast)
{
    // A layout other than the caller's must promise this much, since forecasts are bounds.
    private const double WorthIt = 0.7;

    // About 2 µs for each gate, and less than a fiftieth of the run, at 2 ns for a step of the search and 3 ns for a unit of work.
    private const double StepsPerGate = 800, StepsPerWork = 0.015;
    private const long MostSteps = 4_000_000;
    private const int LeastRounds = 20;

    private const int Smoothing = 40;

    // A step of a search for a circuit not seen before, and how often a search tries every wire until it gives up, about.
    private const double SecondsPerStep = 3e-9;
    private const int Rounds = 60;

    // Disturbances in a row that gained nothing, after which the search ends: on 737 circuits no layout is worse than with all steps used, in less than half the time.
    private const int Patience = 32;

    /// <summary>The seconds that the search for the layout of a circuit takes, about, from what is known without its list of interactions.</summary>
    /// <param name="numQubits">The qubits.</param>
    /// <param name="gates">The gates.</param>
    /// <param name="groups">Those on several qubits.</param>
    /// <param name="spans">The sum of the cuts that they span in the caller's order.</param>
    /// <param name="pairs">The different pairs of qubits that they join.</param>
    public static double Seconds(int numQubits, int gates, double groups, double spans, double pairs)
    {
        if (numQubits < 3 || spans <= groups)
        {
            return 0;
        }

        // As if every cut were spanned equally often.
        double growth = spans / (numQubits - 1), bond = Math.Min(numQubits / 2, growth);
        var work = (numQubits - 1) * Math.Pow(2, 3 * Math.Min(bond, 300)) * (bond > BondForecast.FreeLog2 ? 1 + (BondForecast.SweepsPerGate * (growth - BondForecast.FreeLog2)) : 1);
        var steps = Math.Min(Budget(gates, work), Rounds * (((double)numQubits * numQubits) + (4 * pairs)));
        return steps < LeastRounds * numQubits ? 0 : SecondsPerStep * steps;
    }

    /// <summary>Chooses the layout for a circuit. The search takes a few microseconds for each gate at most.</summary>
    /// <param name="circuit">The circuit.</param>
    /// <param name="maxBondDimension">What bonds are truncated to; null if they are not.</param>
    /// <param name="check">Called now and then: throws where the caller wants no more of it.</param>
    public static ChainLayout Choose(Circuit circuit, int? maxBondDimension = null, Action? check = null)
    {
        var capLog2 = maxBondDimension is { } most ? (int)Math.Ceiling(Math.Log2(most)) : byte.MaxValue;
        var identity = new int[circuit.NumQubits];
        for (var q = 0; q < identity.Length; q++)
        {
            identity[q] = q;
        }

        var list = new InteractionList(circuit, relabelSwaps: true, check);
        var best = new ChainLayout(identity, true, BondForecast.Of(list, identity, capLog2, check));
        if (list.HasSwaps)
        {
            var applied = new ChainLayout(identity, false, BondForecast.Of(new InteractionList(circuit, relabelSwaps: false, check), identity, capLog2, check));
            best = best.IsWithin(applied.Forecast, 1) ? best : applied;
        }

        var steps = (long)Budget(list.Gates, best.Forecast.Work);
        if (steps < LeastRounds * identity.Length || list.Items.Length == 0)
        {
            return best;
        }

        var graph = new WireGraph(list);
        if (graph.IsPath)
        {
            // Only neighbours are joined.
            return best;
        }

        var order = Search(graph, identity, capLog2, steps, Patience);
        var sites = new int[order.Length];
        for (var p = 0; p < order.Length; p++)
        {
            sites[order[p]] = p;
        }

        var found = new ChainLayout(sites, true, BondForecast.Of(list, sites, capLog2, check));
        return found.IsWithin(best.Forecast, WorthIt) ? found : best;
    }

    /// <summary>The steps that a search may take.</summary>
    public static double Budget(int gates, double work) => Math.Min(Math.Min(StepsPerGate * gates, StepsPerWork * work), MostSteps);

    // Memory is promised for the caller's order: another must not take more.
    private bool IsWithin(BondForecast other, double share) =>
        Forecast.Work <= share * other.Work && Forecast.PeakLog2 <= other.PeakLog2 && Forecast.Bytes <= other.Bytes;

    /// <summary>Looks for an order of the wires that keeps bonds small.</summary>
    /// <param name="graph">What joins them.</param>
    /// <param name="identity">Their own order.</param>
    /// <param name="capLog2">The base-2 logarithm of what bonds are truncated to, or a large number.</param>
    /// <param name="steps">The steps that it may take.</param>
    /// <param name="patience">The disturbances in a row that may gain nothing.</param>
    public static int[] Search(WireGraph graph, ReadOnlySpan<int> identity, int capLog2, long steps, int patience)
    {
        var line = new LineArrangement(graph, capLog2, identity);
        int[] best = [.. identity];
        var least = line.Cost;
        line.Improve(ref steps);
        Keep();
        var levels = graph.ByLevels();
        line.Reset(levels);
        line.Improve(ref steps);
        Keep();
        steps -= (long)Smoothing * (graph.Ends + graph.NumWires);
        if (steps > 0)
        {
            line.Reset(graph.BySpectrum(levels, Smoothing));
            line.Improve(ref steps);
            Keep();
        }

        // Out of the hollow and down again, from the best so far.
        var random = new SeededRandom(1, 0);
        for (var idle = 0; steps > 0 && idle < patience; idle++)
        {
            line.Reset(best);
            line.Disturb(random, 2 + random.Next(3));
            steps -= graph.NumWires + graph.Ends;
            line.Improve(ref steps);
            idle = Keep() ? 0 : idle;
        }

        return best;

        bool Keep()
        {
            var isBetter = line.Cost < least * (1 - 1e-9);
            if (isBetter)
            {
                (least, best) = (line.Cost, line.Order.AsSpan().ToArray());
            }

            return isBetter;
        }
    }
}
