using PredictiveOrchestration.Simulation.Fusion;
using PredictiveOrchestration.Simulation.Kernels;

namespace PredictiveOrchestration.Simulation.StateVector;

/// <summary>What is the same for all runs of an engine.</summary>
/// <param name="Kernels">The kernels, which fix the precision.</param>
/// <param name="MostBlockBits">The base-2 logarithm of the largest block; smaller states are one block.</param>
internal sealed record DenseSettings(DenseKernelSet Kernels, int MostBlockBits = DenseSettings.CacheBlockBits)
{
    /// <summary>The base-2 logarithm of the block that fits the second-level cache.</summary>
    public const int CacheBlockBits = PassPlanner.CacheBlockBits;

    /// <summary>The index bits in a block of a state.</summary>
    public int BlockBits(int bits) => PassPlanner.BlockBits(bits, MostBlockBits);

    /// <summary>The bytes of scratch memory of one thread: its copy of a block, and rows of phases.</summary>
    public long ScratchBytes(int bits) => CopyBytes(bits) + PhaseProgram.ScratchBytes(BlockBits(bits), Kernels.ElementBytes);

    /// <summary>The bytes of the copy of a block; 0 where the state is one block.</summary>
    public long CopyBytes(int bits)
    {
        var blockBits = BlockBits(bits);
        return blockBits == bits ? 0 : 2 * (((long)Kernels.ElementBytes << blockBits) + PlanRunner.PlaneGap);
    }
}
