using System.Numerics;
using System.Runtime.CompilerServices;
using ILGPU;
using ILGPU.Runtime;
using PredictiveOrchestration.Circuits;

namespace PredictiveOrchestration.Simulation.Gpu;

/// <summary>
/// Runs many circuits of few qubits in one launch: each thread group holds a whole state in shared memory and runs a circuit of its own from
/// |0…0⟩. What a launch costs is shared, and small states fill the device.
/// </summary>
internal static class GpuBatch
{
    /// <summary>The most circuits of one launch: their states take at most 64 MiB.</summary>
    public const int MaxCircuits = 4096;

    /// <summary>Whether a circuit fits a tile and does nothing after its gates but measure.</summary>
    public static bool Takes(Circuit circuit)
    {
        var operations = circuit.Operations;
        if (circuit.NumQubits > GpuKernels.TileBits || circuit.IsDynamic)
        {
            return false;
        }

        for (var i = circuit.UnitaryEnd(0); i < operations.Length; i++)
        {
            if (operations[i].Kind is not (OperationKind.Measure or OperationKind.Barrier))
            {
                return false;
            }
        }

        return new MeasurementPlan(circuit).MidCircuitCount == 0;
    }

    /// <summary>The states of circuits before their measurements.</summary>
    public static IQuantumState[] Evolve<T>(IReadOnlyList<Circuit> circuits, GpuDevice device, RunContext context)
        where T : unmanaged, IAmplitude<T>
    {
        device.Check(context);
        var tileBits = circuits.Max(c => c.NumQubits);
        var plan = new GpuPlan();
        var labels = new int[circuits.Count][];
        plan.ReserveLists(2 * circuits.Count);
        for (var c = 0; c < circuits.Count; c++)
        {
            labels[c] = [.. Enumerable.Range(0, circuits[c].NumQubits)];
            plan.SetList(2 * c, plan.Steps.Length);
            plan.Add(circuits[c], 0, circuits[c].UnitaryEnd(0), null, tileBits, labels[c]);
            plan.SetList(2 * c + 1, plan.Steps.Length);
            context.Check(0);
        }

        var values = new T[plan.Values.Length];
        for (var i = 0; i < values.Length; i++)
        {
            values[i] = default(T).Make(plan.Values[i].Real, plan.Values[i].Imaginary);
        }

        var states = new T[(long)circuits.Count << tileBits];
        var bytes = Unsafe.SizeOf<T>() * ((long)states.Length + values.Length) + 52L * plan.Steps.Length + 4L * plan.Lists.Length;
        context.Reserve(bytes + 16L * states.Length, "the states of a batch");
        AcceleratorStream? stream = null;
        var buffers = new List<MemoryBuffer>();
        try
        {
            stream = device.CreateStream();
            var target = Allocate<T>(states.Length);
            var steps = Send(plan.Steps);
            var lists = Send(plan.Lists);
            var numbers = Send<T>(values);
            device.Kernels<T>().Batch(stream, circuits.Count, target, steps, lists, numbers, tileBits);
            stream.Synchronize();
            lock (device.Gate)
            {
                target.CopyToCPU(stream, states);
            }
        }
        catch (Exception exception) when (GpuDevice.IsFailure(exception))
        {
            throw device.Failure(exception, context);
        }
        finally
        {
            buffers.ForEach(device.Free);
            device.Close(stream);
            context.Release(bytes);
        }

        var amplitudes = new Complex[states.Length];
        for (var i = 0; i < amplitudes.Length; i++)
        {
            amplitudes[i] = new Complex(states[i].Re, states[i].Im);
        }

        return [.. circuits.Select((circuit, c) => new TileState(circuit.NumQubits, amplitudes.AsMemory(c << tileBits, 1 << tileBits), labels[c]))];

        ArrayView<TItem> Allocate<TItem>(long length)
            where TItem : unmanaged
        {
            var buffer = device.Allocate<TItem>(length);
            buffers.Add(buffer);
            return buffer.View.AsContiguous();
        }

        ArrayView<TItem> Send<TItem>(ReadOnlySpan<TItem> items)
            where TItem : unmanaged
        {
            var view = Allocate<TItem>(items.Length);
            if (items.Length > 0)
            {
                lock (device.Gate)
                {
                    view.CopyFromCPU(stream, items);
                }
            }

            return view;
        }
    }
}
