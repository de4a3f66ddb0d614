using ILGPU;
using ILGPU.Runtime;

namespace PredictiveOrchestration.Simulation.Gpu;

/// <summary>The kernels of one precision on one device; each is compiled when it is first used. All calls are ordered by the device's lock.</summary>
internal sealed class GpuKernelSet<T>(GpuDevice device)
    where T : unmanaged, IAmplitude<T>
{
    private Action<AcceleratorStream, KernelConfig, ArrayView<T>, ArrayView<GpuStep>, ArrayView<int>, ArrayView<T>, GpuPassShape>? _pass;
    private Action<AcceleratorStream, KernelConfig, ArrayView<T>, ArrayView<GpuStep>, ArrayView<int>, ArrayView<T>, int>? _batch;
    private Action<AcceleratorStream, KernelConfig, ArrayView<T>, ArrayView<double>, int, int, int, int, double>? _reduce;
    private Action<AcceleratorStream, KernelConfig, ArrayView<T>, int, double, double>? _scale;
    private Action<AcceleratorStream, KernelConfig, ArrayView<T>, ArrayView<AmplitudeDouble>, ArrayView<int>, int, double, double>? _export;
    private Action<AcceleratorStream, KernelConfig, ArrayView<T>, ArrayView<int>, ArrayView<AmplitudeDouble>>? _scatter;
    private Action<AcceleratorStream, KernelConfig, ArrayView<T>, ArrayView<double>, int>? _probabilities;
    private Action<AcceleratorStream, KernelConfig, ArrayView<T>, ArrayView<int>, ArrayView<int>, ArrayView<AmplitudeDouble>, int, double>? _compact;
    private Action<AcceleratorStream, KernelConfig, ArrayView<T>, ArrayView<int>, ArrayView<double>, ArrayView<int>, int>? _sample;

    public void Pass(AcceleratorStream stream, int tiles, ArrayView<T> state, ArrayView<GpuStep> steps, ArrayView<int> lists, ArrayView<T> values, GpuPassShape shape)
    {
        lock (device.Gate)
        {
            _pass ??= device.Accelerator.LoadKernel<ArrayView<T>, ArrayView<GpuStep>, ArrayView<int>, ArrayView<T>, GpuPassShape>(GpuKernels.Pass);
            _pass(stream, Groups(tiles), state, steps, lists, values, shape);
        }
    }

    public void Batch(AcceleratorStream stream, int circuits, ArrayView<T> states, ArrayView<GpuStep> steps, ArrayView<int> lists, ArrayView<T> values, int tileBits)
    {
        lock (device.Gate)
        {
            _batch ??= device.Accelerator.LoadKernel<ArrayView<T>, ArrayView<GpuStep>, ArrayView<int>, ArrayView<T>, int>(GpuKernels.Batch);
            _batch(stream, Groups(circuits), states, steps, lists, values, tileBits);
        }
    }

    public void Reduce(AcceleratorStream stream, int groups, ArrayView<T> state, ArrayView<double> sums, int length, int kind, int a, int b, double threshold)
    {
        lock (device.Gate)
        {
            _reduce ??= device.Accelerator.LoadKernel<ArrayView<T>, ArrayView<double>, int, int, int, int, double>(GpuKernels.Reduce);
            _reduce(stream, Groups(groups), state, sums, length, kind, a, b, threshold);
        }
    }

    public void Scale(AcceleratorStream stream, ArrayView<T> state, int bit, double whereZero, double whereOne)
    {
        lock (device.Gate)
        {
            _scale ??= device.Accelerator.LoadKernel<ArrayView<T>, int, double, double>(GpuKernels.Scale);
            _scale(stream, Cover(state.Length), state, bit, whereZero, whereOne);
        }
    }

    public void Export(AcceleratorStream stream, ArrayView<T> state, ArrayView<AmplitudeDouble> target, ArrayView<int> bitOfQubit, int first, double phaseRe, double phaseIm)
    {
        lock (device.Gate)
        {
            _export ??= device.Accelerator.LoadKernel<ArrayView<T>, ArrayView<AmplitudeDouble>, ArrayView<int>, int, double, double>(GpuKernels.Export);
            _export(stream, Cover(target.Length), state, target, bitOfQubit, first, phaseRe, phaseIm);
        }
    }

    public void Scatter(AcceleratorStream stream, ArrayView<T> state, ArrayView<int> indices, ArrayView<AmplitudeDouble> amplitudes)
    {
        lock (device.Gate)
        {
            _scatter ??= device.Accelerator.LoadKernel<ArrayView<T>, ArrayView<int>, ArrayView<AmplitudeDouble>>(GpuKernels.Scatter);
            _scatter(stream, Cover(indices.Length), state, indices, amplitudes);
        }
    }

    public void Probabilities(AcceleratorStream stream, ArrayView<T> state, ArrayView<double> target, int first)
    {
        lock (device.Gate)
        {
            _probabilities ??= device.Accelerator.LoadKernel<ArrayView<T>, ArrayView<double>, int>(GpuKernels.Probabilities);
            _probabilities(stream, Cover(target.Length), state, target, first);
        }
    }

    public void Compact(
        AcceleratorStream stream, int groups, ArrayView<T> state, ArrayView<int> starts, ArrayView<int> indices, ArrayView<AmplitudeDouble> amplitudes, int length, double threshold)
    {
        lock (device.Gate)
        {
            _compact ??= device.Accelerator.LoadKernel<ArrayView<T>, ArrayView<int>, ArrayView<int>, ArrayView<AmplitudeDouble>, int, double>(GpuKernels.Compact);
            _compact(stream, Groups(groups), state, starts, indices, amplitudes, length, threshold);
        }
    }

    public void Sample(AcceleratorStream stream, int groups, ArrayView<T> state, ArrayView<int> blocks, ArrayView<double> draws, ArrayView<int> outcomes, int length)
    {
        lock (device.Gate)
        {
            _sample ??= device.Accelerator.LoadKernel<ArrayView<T>, ArrayView<int>, ArrayView<double>, ArrayView<int>, int>(GpuKernels.Sample);
            _sample(stream, Groups(groups), state, blocks, draws, outcomes, length);
        }
    }

    private KernelConfig Groups(long groups)
    {
        device.Sending?.Invoke();
        return new KernelConfig((int)groups, device.GroupSize);
    }

    private KernelConfig Cover(long elements) => Groups((elements + device.GroupSize - 1) / device.GroupSize);
}
