using System.Globalization;
using PredictiveOrchestration.Circuits;
using PredictiveOrchestration.Circuits.Layout;

namespace PredictiveOrchestration.Integration.Advice;

/// <summary>Tries each change against the predictions and recommends those that save time, cost no more money and lose no fidelity; precision is offered, since it is the caller's to give.</summary>
public sealed class StrategyAdvisor : IStrategyAdvisor
{
    // Less than this share is within what two predictions differ by.
    private const double WorthSaying = 0.05;

    /// <inheritdoc/>
    public StrategyAdvice Advise(AdviceRequest request, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(request);
        var (circuit, strategy) = (request.Circuit, request.Strategy);
        var now = request.Predict(circuit, strategy, request.RequireExact);
        var advice = new StrategyAdvice { Now = now, Strategy = strategy, RequireExact = request.RequireExact, Advisories = [] };
        var advisories = new List<Advisory>();
        bool Gains(AdvicePrediction? then, string subject, string text, double least = 1)
        {
            if (then is null || (now is not null && !(then.Seconds <= now.Seconds * (1 - WorthSaying) && then.Cost <= now.Cost && then.Fidelity >= least * now.Fidelity)))
            {
                return false;
            }

            var saved = now is null ? double.PositiveInfinity : now.Seconds - then.Seconds;
            advisories.Add(new Advisory(subject, string.Create(CultureInfo.InvariantCulture, $"{text}: {then.Seconds:G3} s on {then.BackendId}{(now is null ? ", where nothing can run it now" : $" instead of {now.Seconds:G3} s on {now.BackendId}")}"), then, saved));
            return true;
        }

        var best = request.Strategies.Where(s => s != strategy)
            .Select(s => (Name: s, Prediction: request.Predict(circuit, s, request.RequireExact))).Where(s => s.Prediction is not null && (now is null || s.Prediction.Cost <= now.Cost)).OrderBy(s => s.Prediction!.Seconds).FirstOrDefault();
        if (Gains(best.Prediction, "strategy", $"Use the strategy '{best.Name}'"))
        {
            advice = advice with { Strategy = best.Name };
        }

        cancellationToken.ThrowIfCancellationRequested();
        if (request.RequireExact && request.Predict(circuit, strategy, false) is { } approximate
            && Gains(approximate, "precision", string.Create(CultureInfo.InvariantCulture, $"Accept an approximate result, of fidelity {approximate.Fidelity:F3}"), least: 0))
        {
            advice = advice with { RequireExact = false };
        }

        cancellationToken.ThrowIfCancellationRequested();
        if (circuit.NumQubits > 2)
        {
            var order = ChainLayout.Choose(circuit, null, cancellationToken.ThrowIfCancellationRequested).SiteOf;
            if (!order.SequenceEqual(Enumerable.Range(0, order.Length)) && Gains(request.Predict(circuit.Remap(order), strategy, request.RequireExact), "qubit order", "Put qubits that act on each other side by side"))
            {
                advice = advice with { QubitOrder = order };
            }
        }

        var blocks = CircuitCutter.Cut(circuit);
        if (blocks.Count > 1)
        {
            var parts = blocks.Select(b => request.Predict(b.Circuit, strategy, request.RequireExact)).ToList();
            var whole = parts.Contains(null) ? null : new AdvicePrediction(string.Join(" + ", parts.Select(p => p!.BackendId).Distinct()), parts.Sum(p => p!.Seconds), parts.Sum(p => p!.Cost), parts.Aggregate(1.0, (f, p) => f * p!.Fidelity));
            if (Gains(whole, "blocks", $"Run its {blocks.Count} independent blocks apart"))
            {
                // A block of its own order of qubits gains little more.
                advice = advice with { Blocks = blocks, QubitOrder = null };
            }
        }

        return advice with { Advisories = [.. advisories.OrderByDescending(a => a.SavedSeconds)] };
    }
}
