namespace PredictiveOrchestration.Simulation.StateVector;

/// <summary>The precision of the amplitudes of a <see cref="StateVectorSimulator"/>.</summary>
public enum StateVectorPrecision
{
    /// <summary>64-bit floating point: 16 bytes an amplitude, rounding errors of about 1e-16 a gate.</summary>
    Double,

    /// <summary>32-bit floating point: 8 bytes an amplitude, rounding errors of about 1e-7 a gate.</summary>
    Single,
}
