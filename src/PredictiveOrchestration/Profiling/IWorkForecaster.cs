using System.Text.Json.Serialization;
using PredictiveOrchestration.Circuits;

namespace PredictiveOrchestration.Profiling;

/// <summary>
/// A backend that can plan a circuit without running it, and so tell what it would do more exactly than features do. It takes longer than a profile, and is
/// asked where the run is long enough to pay for that.
/// </summary>
internal interface IWorkForecaster
{
    /// <summary>The seconds that a forecast of the circuit takes, about.</summary>
    double ForecastSeconds(CircuitProfile profile);

    /// <summary>Plans the circuit; null where what is done depends on measurements.</summary>
    /// <param name="circuit">The circuit.</param>
    /// <param name="profile">Its profile.</param>
    PlannedWork? Forecast(Circuit circuit, CircuitProfile profile);
}

/// <summary>What a backend would do, as amounts of the kinds of work that its cost basis names.</summary>
/// <param name="CostModel">The basis.</param>
/// <param name="Amounts">The amounts, in the order of the basis.</param>
internal sealed record PlannedWork(string CostModel, double[] Amounts)
{
    /// <summary>How the amounts add up over the circuit, for those who ask about parts of it; null if that was not kept.</summary>
    [JsonIgnore]
    public PlannedProgress? Progress { get; init; }
}
