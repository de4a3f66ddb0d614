namespace PredictiveOrchestration.Backends;

/// <summary>The families of backends.</summary>
public enum BackendType
{
    /// <summary>In-process simulator that stores only non-zero amplitudes.</summary>
    LocalSparseTensor,

    /// <summary>In-process state-vector simulator.</summary>
    LocalDenseTensor,

    /// <summary>State-vector simulator on a GPU.</summary>
    GpuAccelerated,

    /// <summary>A simulator elsewhere, reached over HTTP.</summary>
    RemoteCloud,

    /// <summary>A quantum device, reached over HTTP.</summary>
    HardwareBackend,

    /// <summary>In-process matrix-product-state simulator.</summary>
    LocalMatrixProductState,

    /// <summary>In-process stabilizer-tableau simulator; Clifford circuits only.</summary>
    LocalStabilizer,
}
