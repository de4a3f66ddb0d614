namespace PredictiveOrchestration.Prediction;

/// <summary>How large learned models may be. The benchmark <c>routing complexity</c> compares sizes.</summary>
public sealed record ModelComplexity
{
    /// <summary>Gets the defaults.</summary>
    public static ModelComplexity Default { get; } = new();

    /// <summary>Gets the number of trees of a forest, 1 to 1,000; default 16, which are walked at once.</summary>
    public int Trees { get; init; } = 16;

    /// <summary>Gets the most leaves of a tree, 2 to 4,096; default 100.</summary>
    public int Leaves { get; init; } = 100;

    /// <summary>Gets the units of each of the two hidden layers of the neural network, 0 to 1,024; default 24; 0 for no network.</summary>
    public int HiddenUnits { get; init; } = 24;

    /// <summary>Gets the most observations of a backend that models are fitted to, 100 to 1,000,000; default 4,000.</summary>
    public int TrainingRows { get; init; } = 4000;
}
