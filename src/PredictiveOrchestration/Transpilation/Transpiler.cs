using PredictiveOrchestration.Circuits;

namespace PredictiveOrchestration.Transpilation;

/// <summary>
/// Brings circuits onto devices: takes gates apart into the device's own, exactly, and moves qubits until every two-qubit gate stands on neighbours. What it
/// does not do is written in docs/hardware.md. Equal seeds give equal circuits. Thread-safe.
/// </summary>
public static class Transpiler
{
    /// <summary>Transpiles a circuit.</summary>
    /// <param name="circuit">The circuit. If it measures nothing, all its qubits are measured at the end, into a register <c>c</c>.</param>
    /// <param name="device">The device.</param>
    /// <param name="seed">The seed of the search for a layout.</param>
    /// <param name="cancellationToken">Gives up.</param>
    /// <exception cref="TranspilationException">The circuit does not fit, has run-time control flow, or the device's gates are not known.</exception>
    public static TranspiledCircuit Transpile(Circuit circuit, DeviceModel device, ulong seed = 0, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(circuit);
        ArgumentNullException.ThrowIfNull(device);
        device.Check();
        var measures = false;
        foreach (ref readonly var op in circuit.Operations)
        {
            measures |= op.Kind == OperationKind.Measure;
        }

        return Transpile(circuit, device, seed, measureAll: !measures, cancellationToken);
    }

    internal static TranspiledCircuit Transpile(Circuit circuit, DeviceModel device, ulong seed, bool measureAll, CancellationToken cancellationToken)
    {
        var blocks = Collect(circuit, measureAll, cancellationToken);
        var graph = new CouplingGraph(device);
        var used = blocks.SelectMany(b => b.Qubits).Distinct().Order().ToArray();
        if (used.Length > graph.Usable.Length)
        {
            throw new TranspilationException(
                $"The circuit acts on {used.Length} qubits; device '{device.Name}' has {device.NumQubits}, of which {graph.Usable.Length} are connected and usable. Use fewer qubits or a larger device.");
        }

        var routed = new SwapRouter(graph, circuit.NumQubits, blocks, seed).Route(used, cancellationToken);

        // An exchange beside a gate on the same pair becomes one with it.
        var merged = new BlockCollector(device.NumQubits);
        foreach (var block in routed.Blocks)
        {
            Send(block, merged);
        }

        var builder = new CircuitBuilder(circuit.Name);
        builder.AddQubits("q", device.NumQubits);
        foreach (var register in circuit.ClassicalRegisters)
        {
            builder.AddClbits(register.Name == "q" ? "c_q" : register.Name, register.Size);
        }

        if (measureAll)
        {
            builder.AddClbits(builder.UnusedName("c"), circuit.NumQubits);
        }

        var emitter = new GateEmitter(device, builder);
        emitter.Emit(merged.Finish());
        return new TranspiledCircuit
        {
            Circuit = builder.Build(),
            InitialLayout = routed.InitialLayout,
            FinalLayout = routed.FinalLayout,
            SwapCount = routed.SwapCount,
            OneQubitGates = emitter.OneQubitGates,
            TwoQubitGates = emitter.TwoQubitGates,
            TwoQubitDepth = emitter.TwoQubitDepth,
            Measurements = emitter.Measurements,
        };
    }

    private static List<Block> Collect(Circuit circuit, bool measureAll, CancellationToken cancellationToken)
    {
        var collector = new BlockCollector(circuit.NumQubits);
        new Lowering(collector).Lower(circuit, cancellationToken);
        for (var q = 0; measureAll && q < circuit.NumQubits; q++)
        {
            collector.Measure(q, circuit.NumClbits + q);
        }

        return collector.Finish();
    }

    private static void Send(Block block, BlockCollector to)
    {
        switch (block.Kind)
        {
            case BlockKind.One:
                to.One(block.Qubits[0], block.Matrix);
                break;
            case BlockKind.Two:
                to.Two(block.Qubits[0], block.Qubits[1], block.Matrix);
                break;
            case BlockKind.Measure:
                to.Measure(block.Qubits[0], block.Bit);
                break;
            case BlockKind.Reset:
                to.Reset(block.Qubits[0]);
                break;
            default:
                to.Barrier(block.Qubits);
                break;
        }
    }
}
