using PredictiveOrchestration.Circuits;
using PredictiveOrchestration.Prediction;
using PredictiveOrchestration.Profiling;

namespace PredictiveOrchestration.Routing;

/// <summary>
/// Predictions that could not change a decision: it was made by rough ones. Whoever reads the ranking gets those that the model makes of the whole profile, as long as the circuit is there;
/// nothing that is kept of a decision keeps a circuit alive.
/// </summary>
internal sealed class UnreadPredictions
{
    private readonly PerformancePredictor _model;
    private readonly WeakReference<Circuit?> _circuit;
    private double[]? _chain;

    /// <summary>Of a circuit that was decided on.</summary>
    public UnreadPredictions(Circuit circuit, PerformancePredictor model) => (_model, _circuit) = (model, new WeakReference<Circuit?>(circuit));

    /// <summary>Of a decision that was read back, with what <see cref="Chain"/> said.</summary>
    public UnreadPredictions(double[] chain, PerformancePredictor model) => (_model, _circuit, _chain) = (model, new WeakReference<Circuit?>(null), chain);

    /// <summary>Another circuit of the same structure takes the place of the one that was decided on.</summary>
    public void Follow(Circuit circuit) => _circuit.SetTarget(circuit);

    /// <summary>What the profile lacks; null if the circuit is gone.</summary>
    public double[]? Chain(CircuitProfile decided) => _chain ??= _circuit.TryGetTarget(out var circuit) ? CircuitProfiler.WithChain(circuit, decided).Features!.ChainWork : null;

    /// <summary>The ranking in the order in which it was made, with the predictions and losses of all backends as if each had mattered.</summary>
    public IReadOnlyList<RankedBackend> Read(IReadOnlyList<RankedBackend> made, DecisionInputs inputs)
    {
        var decided = inputs.Job.Profile;
        if (Chain(decided) is not { } chain)
        {
            return made;
        }

        var profile = decided.WithChain(chain);
        List<RoutingCandidate> candidates =
        [
            .. made.Select(r => r.Candidate).Select(c => c.Prediction.IsRough ? c with { Prediction = _model.Predict(c.Backend, profile, c.Shape) } : c),
        ];
        var ranked = inputs.Router.Rank(inputs.Preferences with { Candidates = candidates });
        return [.. made.Select((r, i) => ranked.First(o => ReferenceEquals(o.Candidate, candidates[i])) with { Propensity = r.Propensity })];
    }
}
