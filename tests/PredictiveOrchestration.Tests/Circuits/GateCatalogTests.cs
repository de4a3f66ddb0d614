using System.Numerics;
using PredictiveOrchestration.Circuits;
using PredictiveOrchestration.TestKit;

namespace PredictiveOrchestration.Tests.Circuits;

/// <summary>The catalogue's columns agree with each other and with textbook matrices.</summary>
public sealed class GateCatalogTests
{
    public static TheoryData<string> Gates => [.. GateCatalog.All.Select(g => g.Name)];

    [Theory]
    [MemberData(nameof(Gates))]
    public void Gate_Matrix_IsTheTextbooks(string name)
    {
        var gate = Get(name);
        foreach (var parameters in Parameters(gate))
        {
            var expected = OracleGates.Matrix(name, parameters);
            var size = 1 << gate.NumQubits;
            var matrix = Matrix(gate, parameters);
            for (var i = 0; i < size * size; i++)
            {
                (matrix[i] - expected[i / size, i % size]).Magnitude.Should().BeLessThan(1e-14);
            }
        }
    }

    [Theory]
    [MemberData(nameof(Gates))]
    public void Gate_Structure_HoldsForEveryParameter(string name)
    {
        var gate = Get(name);
        var size = 1 << gate.NumQubits;
        foreach (var parameters in Parameters(gate))
        {
            var matrix = Matrix(gate, parameters);
            var perColumn = Enumerable.Range(0, size).Select(c => Enumerable.Range(0, size).Count(r => matrix[r * size + c] != 0)).ToList();
            if (gate.Structure == GateStructure.Diagonal)
            {
                Enumerable.Range(0, size * size).Count(i => i / size != i % size && matrix[i] != 0).Should().Be(0);
            }
            else if (gate.Structure == GateStructure.Monomial)
            {
                perColumn.Should().OnlyContain(c => c == 1);
            }
        }
    }

    [Theory]
    [MemberData(nameof(Gates))]
    public void Gate_CliffordFlag_IsTrueExactlyIfPaulisStayPaulis(string name)
    {
        var gate = Get(name);
        foreach (var parameters in Parameters(gate).Concat(Quarters(gate)))
        {
            var maps = MapsPaulisToPaulis(Matrix(gate, parameters), gate.NumQubits);
            gate.IsClifford(parameters).Should().Be(maps, "{0}({1})", name, string.Join(", ", parameters));
        }
    }

    [Fact]
    public void IsClifford_AngleNearAMultiple_IsNotRounded()
    {
        GateCatalog.RZ.IsClifford([1e-7]).Should().BeFalse();
        GateCatalog.RZ.IsClifford([Math.PI / 2 + 1e-9]).Should().BeFalse();
        GateCatalog.RZ.IsClifford([1000 * Math.PI]).Should().BeTrue();
    }

    [Fact]
    public void IsClifford_Controls_CountAsTheyShould()
    {
        var builder = new CircuitBuilder(3).CX(0, 1).CZ(0, 1).CY(0, 1).CP(Math.PI, 0, 1).CRZ(Math.PI, 0, 1)
            .Gate(GateCatalog.GlobalPhase, 1, [Math.PI / 2], [0]).CS(0, 1).CH(0, 1).CCX(0, 1, 2).CP(Math.PI / 2, 0, 1).CSwap(0, 1, 2);
        var circuit = builder.Build();
        circuit.Operations.ToArray().Select(op => circuit.IsClifford(op)).Should().Equal(true, true, true, true, true, true, false, false, false, false, false);
    }

    private static bool MapsPaulisToPaulis(Complex[] u, int qubits)
    {
        var size = 1 << qubits;
        for (var x = 0; x < size; x++)
        {
            for (var z = 0; z < size; z++)
            {
                // U X^x Z^z U†
                var image = new Complex[size * size];
                for (var i = 0; i < size; i++)
                {
                    for (var j = 0; j < size; j++)
                    {
                        for (var k = 0; k < size; k++)
                        {
                            var sign = (BitOperations.PopCount((uint)(k & z)) & 1) == 0 ? 1 : -1;
                            image[i * size + j] += sign * u[i * size + (k ^ x)] * Complex.Conjugate(u[j * size + k]);
                        }
                    }
                }

                for (var column = 0; column < size; column++)
                {
                    var large = Enumerable.Range(0, size).Where(r => image[r * size + column].Magnitude > 1e-10).ToList();
                    if (large.Count != 1 || Math.Abs(image[large[0] * size + column].Magnitude - 1) > 1e-10)
                    {
                        return false;
                    }

                    // A Pauli has elements ± one phase, and XORs every column by the same mask.
                    var first = Enumerable.Range(0, size).First(r => image[r * size].Magnitude > 1e-10);
                    var ratio = image[large[0] * size + column] / image[first * size];
                    if ((large[0] ^ column) != first || Math.Abs(ratio.Imaginary) > 1e-10)
                    {
                        return false;
                    }
                }
            }
        }

        return true;
    }

    private static IEnumerable<double[]> Parameters(GateDefinition gate)
    {
        yield return [.. Enumerable.Range(0, gate.NumParameters).Select(i => 0.3 + 0.7 * i)];
        yield return [.. Enumerable.Range(0, gate.NumParameters).Select(i => -2.1 + 0.9 * i)];
    }

    private static IEnumerable<double[]> Quarters(GateDefinition gate)
    {
        for (var k = 0; gate.NumParameters > 0 && k < 16; k++)
        {
            yield return [.. Enumerable.Range(0, gate.NumParameters).Select(i => (k + 3 * i * k) % 7 * Math.PI / 2)];
        }
    }

    private static GateDefinition Get(string name) => GateCatalog.TryGet(name, out var gate) ? gate : throw new ArgumentException(name);

    private static Complex[] Matrix(GateDefinition gate, double[] parameters)
    {
        var matrix = new Complex[1 << (2 * gate.NumQubits)];
        gate.WriteMatrix(parameters, matrix);
        return matrix;
    }
}
