using System.Numerics;
using PredictiveOrchestration.Circuits;
using PredictiveOrchestration.Circuits.Library;
using PredictiveOrchestration.TestKit;
using PredictiveOrchestration.Transpilation;

namespace PredictiveOrchestration.Tests.Transpilation;

public sealed class TranspilerTests
{
    private static readonly (int, int)[] Line6 = [(0, 1), (1, 2), (2, 3), (3, 4), (4, 5)];
    private static readonly (int, int)[] Heavy8 = [(0, 1), (2, 1), (2, 3), (3, 4), (5, 4), (6, 1), (7, 3)];

    public static TheoryData<string, string, string> Devices => new()
    {
        { "line", "rz,sx,x", "cz" },
        { "line", "rz,sx", "ecr" },
        { "heavy", "rz,sx,x", "ecr" },
        { "heavy", "u", "cx" },
        { "all", "rz,ry", "cx" },
        { "all", "rz,rx", "cz" },
    };

    [Theory]
    [MemberData(nameof(Devices))]
    public void Transpile_RandomCircuits_GivesTheSameStateInTheDevicesGates(string shape, string one, string two)
    {
        var device = Device(shape, one, two);
        for (var seed = 0; seed < 10; seed++)
        {
            var circuit = RandomCircuits.Create(seed, new RandomCircuitOptions { Qubits = 5, Clbits = 1, Operations = 10, MaxControls = seed % 4 });
            var transpiled = Transpiler.Transpile(circuit, device, (ulong)seed, measureAll: false, default);

            CheckGates(transpiled, device);
            var because = $"seed {seed} on {shape} with {one} and {two}";
            StateComparison.Distance(Moved(transpiled, circuit.NumQubits), OracleSimulator.FinalState(circuit)).Should().BeLessThan(1e-8, because);
        }
    }

    [Theory]
    [InlineData("line")]
    [InlineData("heavy")]
    public void Transpile_MeasurementsInAnyOrder_KeepTheOutcomes(string shape)
    {
        for (var seed = 100; seed < 108; seed++)
        {
            var circuit = RandomCircuits.Create(seed, new RandomCircuitOptions { Qubits = 5, Clbits = 4, Operations = 16, MaxControls = 1, MidCircuit = true, MeasureAtEnd = true, Unitaries = false });
            var transpiled = Transpiler.Transpile(circuit, Device(shape, "rz,sx,x", "cz"), (ulong)seed);

            var expected = OracleSimulator.OutcomeDistribution(circuit);
            var actual = OracleSimulator.OutcomeDistribution(transpiled.Circuit);
            expected.Keys.Union(actual.Keys).Max(k => Math.Abs(expected.GetValueOrDefault(k) - actual.GetValueOrDefault(k))).Should().BeLessThan(1e-8, $"seed {seed} on {shape}");
        }
    }

    [Fact]
    public void Decompose_RandomUnitaries_TakesThreeEntanglersAndIsExact()
    {
        for (var seed = 0; seed < 200; seed++)
        {
            var matrix = RandomCircuits.Unitary(new Random(seed), 2);
            Rebuild(matrix, out var count).Should().BeLessThan(1e-9, $"seed {seed}");
            count.Should().Be(3, $"seed {seed}");
        }
    }

    [Theory]
    [InlineData("swap", 0, 3)]
    [InlineData("iswap", 0, 2)]
    [InlineData("x", 1, 1)]
    [InlineData("z", 1, 1)]
    [InlineData("h", 1, 1)]
    [InlineData("ecr", 0, 1)]
    [InlineData("s", 1, 2)]
    [InlineData("rzz", 0, 2)]
    [InlineData("rxx", 0, 2)]
    [InlineData("ryy", 0, 2)]
    [InlineData("rx", 1, 2)]
    public void Decompose_KnownGates_TakesTheLeastNumberOfEntanglers(string name, int controls, int expected)
    {
        GateCatalog.TryGet(name, out var gate).Should().BeTrue();
        var parameters = Enumerable.Repeat(0.7, gate!.NumParameters).ToArray();
        var small = new Complex[1 << (2 * gate.NumQubits)];
        gate.WriteMatrix(parameters, small);
        var matrix = controls == 0 ? small : [1, 0, 0, 0, 0, 1, 0, 0, 0, 0, small[0], small[1], 0, 0, small[2], small[3]];

        Rebuild(matrix, out var count).Should().BeLessThan(1e-9);
        count.Should().Be(expected);
    }

    [Fact]
    public void Decompose_ProductsOfOneQubitGatesAndNearlyEqualAngles_IsExact()
    {
        for (var seed = 0; seed < 100; seed++)
        {
            var random = new Random(seed);
            var local = SmallMatrix.Kronecker(RandomCircuits.Unitary(random, 1), RandomCircuits.Unitary(random, 1));
            Rebuild(local, out var none).Should().BeLessThan(1e-9, $"seed {seed}");
            none.Should().Be(0, $"seed {seed}");

            // Angles that differ by 1e-8 make eigenvalues that nearly coincide.
            var xx = SmallMatrix.Kronecker(SmallMatrix.X, SmallMatrix.X);
            var close = new Complex[16];
            for (var i = 0; i < 16; i++)
            {
                close[i] = (i % 5 == 0 ? Math.Cos(1e-8 * seed) : 0) + Complex.ImaginaryOne * Math.Sin(1e-8 * seed) * xx[i];
            }

            Rebuild(SmallMatrix.Multiply(local, close), out _).Should().BeLessThan(3e-9, $"seed {seed}");
        }
    }

    [Fact]
    public void Transpile_LineOnALine_PutsNoSwapsIn()
    {
        var circuit = new CircuitBuilder(6, 0, "shuffled line");
        int[] order = [3, 0, 5, 1, 4, 2];
        circuit.H(3);
        for (var i = 0; i + 1 < order.Length; i++)
        {
            circuit.Gate(GateCatalog.X, 1, [], [order[i], order[i + 1]]);
        }

        var transpiled = Transpiler.Transpile(circuit.Build(), Device("line", "rz,sx,x", "cz"));

        transpiled.SwapCount.Should().Be(0, "the layout can follow the chain");
        transpiled.TwoQubitGates.Should().Be(5);
    }

    [Fact]
    public void Transpile_MoreQubitsThanConnected_IsRefusedWithTheNumbers()
    {
        var device = Device("line", "rz,sx,x", "cz") with { Unusable = new HashSet<int> { 3 } };

        var act = () => Transpiler.Transpile(States.Ghz(5), device);

        act.Should().Throw<TranspilationException>().WithMessage("*acts on 5 qubits*6, of which 3*");
    }

    [Fact]
    public void Transpile_ControlFlow_IsRefused()
    {
        var circuit = new CircuitBuilder(2, 1).H(0).Measure(0, 0).If(new BitExpression(0)).X(1).EndIf().Build();

        var act = () => Transpiler.Transpile(circuit, Device("all", "rz,ry", "cx"));

        act.Should().Throw<TranspilationException>().WithMessage("*depends on measurements*");
    }

    [Fact]
    public void Transpile_SameSeed_GivesTheSameCircuit()
    {
        var circuit = RandomCircuits.Create(7, new RandomCircuitOptions { Qubits = 6, Operations = 40, Clbits = 1 });
        var device = Device("heavy", "rz,sx,x", "cz");

        Transpiler.Transpile(circuit, device, 5).Circuit.StructurallyEquals(Transpiler.Transpile(circuit, device, 5).Circuit).Should().BeTrue();
    }

    private static DeviceModel Device(string shape, string one, string two) => new()
    {
        Name = shape,
        NumQubits = shape == "heavy" ? 8 : 6,
        BasisGates = one.Split(',').Append(two).ToHashSet(),
        Couplings = shape switch { "line" => Line6, "heavy" => Heavy8, _ => [] },
    };

    private static void CheckGates(TranspiledCircuit transpiled, DeviceModel device)
    {
        var two = 0;
        foreach (ref readonly var op in transpiled.Circuit.Operations)
        {
            if (op.Kind != OperationKind.Gate)
            {
                op.Kind.Should().BeOneOf(OperationKind.Barrier, OperationKind.Measure, OperationKind.Reset);
                continue;
            }

            var name = (op.ControlCount == 1 ? "c" : string.Empty) + transpiled.Circuit.GateOf(op).Name;
            device.BasisGates.Should().Contain(name);
            if (op.QubitCount == 2)
            {
                two++;
                var qubits = transpiled.Circuit.QubitsOf(op);
                if (device.Couplings.Count > 0)
                {
                    device.Couplings.Should().Contain((qubits[0], qubits[1]));
                }
            }
        }

        transpiled.TwoQubitGates.Should().Be(two);
    }

    // The final state on the device, seen through the final layout.
    private static Complex[] Moved(TranspiledCircuit transpiled, int qubits)
    {
        var device = OracleSimulator.FinalState(transpiled.Circuit);
        var state = new Complex[1 << qubits];
        for (var i = 0; i < device.Length; i++)
        {
            var index = 0;
            var rest = i;
            for (var q = 0; q < qubits; q++)
            {
                var p = transpiled.FinalLayout[q];
                if (p >= 0)
                {
                    index |= (i >> p & 1) << q;
                    rest &= ~(1 << p);
                }
            }

            if (rest == 0)
            {
                state[index] += device[i];
            }
            else
            {
                device[i].Magnitude.Should().BeLessThan(1e-9, "no qubit outside the layout may be touched");
            }
        }

        return state;
    }

    private static double Rebuild(Complex[] matrix, out int entanglers)
    {
        var total = SmallMatrix.Kronecker(SmallMatrix.Identity, SmallMatrix.Identity);
        var count = 0;
        Complex i = Complex.ImaginaryOne * Math.Sqrt(0.5);
        Complex[] xx = [Math.Sqrt(0.5), 0, 0, i, 0, Math.Sqrt(0.5), i, 0, 0, i, Math.Sqrt(0.5), 0, i, 0, 0, Math.Sqrt(0.5)];
        TwoQubitDecomposition.Of(matrix).Emit(
            (high, m) => total = SmallMatrix.Multiply(high ? SmallMatrix.Kronecker(m, SmallMatrix.Identity) : SmallMatrix.Kronecker(SmallMatrix.Identity, m), total),
            () =>
            {
                total = SmallMatrix.Multiply(xx, total);
                count++;
            });
        entanglers = count;
        return StateComparison.Distance(total, matrix);
    }
}
