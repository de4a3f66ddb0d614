using PredictiveOrchestration.Circuits;
using PredictiveOrchestration.Noise;
using PredictiveOrchestration.TestKit;
using PredictiveOrchestration.Transpilation;

namespace PredictiveOrchestration.Tests.Noise;

public sealed class CalibrationTests
{
    // Shaped as the two vendors publish them.
    public const string IonQ = """
        {"id":"c","backend":"qpu.test-1","date":"2026-10-01T00:00:00Z","qubits":5,"connectivity":[[0,1],[0,2],[0,3],[0,4],[1,2],[1,3],[1,4],[2,3],[2,4],[3,4]],
         "fidelity":{"1q":{"median":0.9994,"stderr":null},"2q":{"median":0.985},"spam":{"median":0.992}},"timing":{"readout":0.0003,"reset":0.00002,"1q":0.000135,"2q":0.0006,"t1":100,"t2":1}}
        """;

    public const string Ibm = """
        {"backend_name":"ibm_line","last_update_date":"2026-11-01T10:00:00Z","qubits":[
          [{"name":"T1","unit":"us","value":150},{"name":"T2","unit":"us","value":90},{"name":"readout_error","unit":"","value":0.012},{"name":"readout_length","unit":"ns","value":1200}],
          [{"name":"T1","unit":"us","value":150},{"name":"T2","unit":"us","value":90},{"name":"readout_error","unit":"","value":0.02}],
          [{"name":"T1","unit":"us","value":150},{"name":"T2","unit":"us","value":90},{"name":"readout_error","unit":"","value":0.012}],
          [{"name":"T1","unit":"us","value":150},{"name":"T2","unit":"us","value":90},{"name":"readout_error","unit":"","value":0.012}],
          [{"name":"T1","unit":"us","value":150},{"name":"T2","unit":"us","value":90},{"name":"readout_error","unit":"","value":0.012}]],
         "gates":[{"gate":"sx","qubits":[0],"parameters":[{"name":"gate_error","unit":"","value":0.0004},{"name":"gate_length","unit":"ns","value":32}]},
          {"gate":"cz","qubits":[0,1],"parameters":[{"name":"gate_error","unit":"","value":0.008},{"name":"gate_length","unit":"ns","value":68}]},
          {"gate":"cz","qubits":[1,2],"parameters":[{"name":"gate_error","unit":"","value":0.011},{"name":"gate_length","unit":"ns","value":68}]},
          {"gate":"cz","qubits":[2,3],"parameters":[{"name":"gate_error","unit":"","value":0.008},{"name":"gate_length","unit":"ns","value":68}]},
          {"gate":"cz","qubits":[3,4],"parameters":[{"name":"gate_error","unit":"","value":0.008},{"name":"gate_length","unit":"ns","value":68}]}]}
        """;

    [Fact]
    public void Parse_ThreeShapes_ReadsThem()
    {
        var ionq = DeviceCalibration.Parse(IonQ);
        ionq.Device.Should().Be("qpu.test-1");
        ionq.TwoQubitError.Should().BeApproximately(0.015, 1e-12);
        (ionq.NumQubits, ionq.Couplings.Count, ionq.T2).Should().Be((5, 10, 1.0));
        DeviceCalibration.Parse($$"""{"characterizations":[{{IonQ}}]}""").Should().BeEquivalentTo(ionq);

        var ibm = DeviceCalibration.Parse(Ibm);
        ibm.TwoQubitErrors[(1, 2)].Should().Be(0.011);
        ibm.ReadoutErrors[1].Should().Be(0.02);
        ibm.T1.Should().BeApproximately(150e-6, 1e-15);
        ibm.BasisGates.Should().BeEquivalentTo(["rz", "sx", "cz"]);
        DeviceModel.FromCalibration(ibm).Couplings.Should().Equal((0, 1), (1, 2), (2, 3), (3, 4));

        var own = DeviceCalibration.Parse("""{"device":"mine","numQubits":3,"twoQubitError":0.02,"couplings":[[0,1],[1,2]],"basisGates":["rz","sx","cx"],"virtualZ":false,"twoQubitErrors":{"0-1":0.03},"readoutErrors":{"2":0.1}}""");
        (own.TwoQubitErrors[(0, 1)], own.ReadoutErrors[2], own.VirtualZ).Should().Be((0.03, 0.1, false));
    }

    [Fact]
    public void Parse_ReadoutErrorsThatDiffer_AreKeptApart()
    {
        // IBM states both, and their mean as readout_error.
        var ibm = DeviceCalibration.Parse(
            """
            {"backend_name":"two","qubits":[
              [{"name":"readout_error","value":0.03},{"name":"prob_meas0_prep1","value":0.05},{"name":"prob_meas1_prep0","value":0.01}],
              [{"name":"readout_error","value":0.02}]],
             "gates":[{"gate":"cz","qubits":[0,1],"parameters":[{"name":"gate_error","value":0.01}]}]}
            """);
        (ibm.ReadoutErrors[0], ibm.ReadoutErrorsOfOne[0], ibm.ReadoutErrorsOfOne.ContainsKey(1), ibm.ReadoutErrorOfOne).Should().Be((0.03, 0.05, false, null));
        var model = NoiseModel.FromCalibration(ibm);
        model.ReadoutErrors[0].Should().BeApproximately(0.01, 1e-15);
        (model.ReadoutErrorsOfOne[0], model.ReadoutErrors[1]).Should().Be((0.05, 0.02));
        model.ToCalibration().ReadoutErrors[0].Should().BeApproximately(0.03, 1e-15);

        var own = NoiseModel.FromCalibration(DeviceCalibration.Parse("""{"twoQubitError":0.02,"readoutError":0.04,"readoutErrorOfOne":0.06,"readoutErrors":{"2":0.1},"readoutErrorsOfOne":{"2":0.15}}"""));
        (own.ReadoutErrorOfOne, own.ReadoutErrorsOfOne[2]).Should().Be((0.06, 0.15));
        own.ReadoutError.Should().BeApproximately(0.02, 1e-15);
        own.ReadoutErrors[2].Should().BeApproximately(0.05, 1e-15);
    }

    [Theory]
    [InlineData("nonsense", "cannot be read")]
    [InlineData("{}", "neither")]
    [InlineData("[1]", "neither")]
    [InlineData("""{"twoQubitError":1.5}""", "two-qubit error is 1.5")]
    [InlineData("""{"twoQubitError":0.1,"t1":0}""", "T1 is 0")]
    [InlineData("""{"twoQubitError":0.1,"numQubits":2,"couplings":[[0,5]]}""", "coupling")]
    [InlineData("""{"twoQubitError":0.1,"twoQubitErrors":{"a-b":0.1}}""", "no pair")]
    [InlineData("""{"twoQubitError":0.1,"readoutErrors":{"x":0.1}}""", "")]
    [InlineData("""{"twoQubitError":0.1,"twoQubitErrors":{"0-1":0.1,"1-0":0.1}}""", "")]
    [InlineData("""{"gates":[{"gate":"cz","qubits":["a","b"],"parameters":[]}],"qubits":[]}""", "")]
    public void Parse_Hostile_SaysWhatIsWrong(string json, string says) =>
        ((Action)(() => DeviceCalibration.Parse(json))).Should().Throw<FormatException>().WithMessage($"*{says}*");

    // The average gate infidelity of the simulated gate, relaxation in it, is the calibrated one: by the density matrix of maximally
    // entangled pairs of which it strikes one half (entanglement fidelity F, average fidelity (d F + 1) / (d + 1)).
    [Theory]
    [InlineData(150e-6, 90e-6)]
    [InlineData(150e-6, 260e-6)]
    [InlineData(double.PositiveInfinity, double.PositiveInfinity)]
    public void FromCalibration_SimulatedGates_HaveTheCalibratedInfidelity(double t1, double t2)
    {
        var noise = NoiseModel.FromCalibration(new DeviceCalibration { Device = "d", NumQubits = 2, OneQubitError = 0.002, TwoQubitError = 0.013, OneQubitTime = 60e-9, TwoQubitTime = 300e-9, T1 = t1, T2 = t2, VirtualZ = false });
        Infidelity(1, noise).Should().BeApproximately(0.002, 1e-9);
        Infidelity(2, noise).Should().BeApproximately(0.013, 1e-9);
    }

    [Fact]
    public void SuccessProbability_OfAnIdlingQubit_TakesItsTimeIn()
    {
        var calibration = new DeviceCalibration { Device = "d", NumQubits = 2, OneQubitError = 0, TwoQubitError = 0, OneQubitTime = 1, TwoQubitTime = 2, T1 = 50, T2 = 30, VirtualZ = false };

        // Qubit 0 waits 9 s between its h and its cx; the qubit in |0⟩ waits for nothing.
        var builder = new CircuitBuilder(2).H(0);
        for (var i = 0; i < 10; i++)
        {
            builder.X(1);
        }

        var expected = 1 - ((3 - Math.Exp(-9 / 50.0) - (2 * Math.Exp(-9 / 30.0))) / 6);
        calibration.SuccessProbability(builder.CX(0, 1).Build()).Should().BeApproximately(expected, 1e-12);
    }

    private static double Infidelity(int n, NoiseModel noise)
    {
        var d = 1 << n;
        return 1 - (((d * DensityMatrixOracle.EntanglementFidelity(n, noise)) + 1) / (d + 1));
    }
}
