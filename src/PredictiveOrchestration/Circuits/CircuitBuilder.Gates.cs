using static PredictiveOrchestration.Circuits.GateCatalog;

namespace PredictiveOrchestration.Circuits;

/// <content>One short method for each common gate. Angles are in radians; controls come first.</content>
public sealed partial class CircuitBuilder
{
    /// <summary>Adds the identity.</summary>
    public CircuitBuilder I(int qubit) => Gate(Id, 0, [], [qubit]);

    /// <summary>Adds Pauli X.</summary>
    public CircuitBuilder X(int qubit) => Gate(GateCatalog.X, 0, [], [qubit]);

    /// <summary>Adds Pauli Y.</summary>
    public CircuitBuilder Y(int qubit) => Gate(GateCatalog.Y, 0, [], [qubit]);

    /// <summary>Adds Pauli Z.</summary>
    public CircuitBuilder Z(int qubit) => Gate(GateCatalog.Z, 0, [], [qubit]);

    /// <summary>Adds a Hadamard gate.</summary>
    public CircuitBuilder H(int qubit) => Gate(GateCatalog.H, 0, [], [qubit]);

    /// <summary>Adds √Z.</summary>
    public CircuitBuilder S(int qubit) => Gate(GateCatalog.S, 0, [], [qubit]);

    /// <summary>Adds the inverse of S.</summary>
    public CircuitBuilder Sdg(int qubit) => Gate(GateCatalog.Sdg, 0, [], [qubit]);

    /// <summary>Adds ∜Z.</summary>
    public CircuitBuilder T(int qubit) => Gate(GateCatalog.T, 0, [], [qubit]);

    /// <summary>Adds the inverse of T.</summary>
    public CircuitBuilder Tdg(int qubit) => Gate(GateCatalog.Tdg, 0, [], [qubit]);

    /// <summary>Adds √X.</summary>
    public CircuitBuilder SX(int qubit) => Gate(GateCatalog.SX, 0, [], [qubit]);

    /// <summary>Adds the inverse of √X.</summary>
    public CircuitBuilder SXdg(int qubit) => Gate(GateCatalog.SXdg, 0, [], [qubit]);

    /// <summary>Adds the phase gate diag(1, e^{iλ}).</summary>
    public CircuitBuilder P(double lambda, int qubit) => Gate(GateCatalog.P, 0, [lambda], [qubit]);

    /// <summary>Adds e^{-iθX/2}.</summary>
    public CircuitBuilder RX(double theta, int qubit) => Gate(GateCatalog.RX, 0, [theta], [qubit]);

    /// <summary>Adds e^{-iθY/2}.</summary>
    public CircuitBuilder RY(double theta, int qubit) => Gate(GateCatalog.RY, 0, [theta], [qubit]);

    /// <summary>Adds e^{-iθZ/2}.</summary>
    public CircuitBuilder RZ(double theta, int qubit) => Gate(GateCatalog.RZ, 0, [theta], [qubit]);

    /// <summary>Adds the general one-qubit gate u(θ, φ, λ).</summary>
    public CircuitBuilder U(double theta, double phi, double lambda, int qubit) => Gate(GateCatalog.U, 0, [theta, phi, lambda], [qubit]);

    /// <summary>Multiplies the state by e^{iγ}.</summary>
    public CircuitBuilder GlobalPhase(double gamma) => Gate(GateCatalog.GlobalPhase, 0, [gamma], []);

    /// <summary>Adds X with one control.</summary>
    public CircuitBuilder CX(int control, int target) => Gate(GateCatalog.X, 1, [], [control, target]);

    /// <summary>Adds Y with one control.</summary>
    public CircuitBuilder CY(int control, int target) => Gate(GateCatalog.Y, 1, [], [control, target]);

    /// <summary>Adds Z with one control.</summary>
    public CircuitBuilder CZ(int control, int target) => Gate(GateCatalog.Z, 1, [], [control, target]);

    /// <summary>Adds H with one control.</summary>
    public CircuitBuilder CH(int control, int target) => Gate(GateCatalog.H, 1, [], [control, target]);

    /// <summary>Adds S with one control.</summary>
    public CircuitBuilder CS(int control, int target) => Gate(GateCatalog.S, 1, [], [control, target]);

    /// <summary>Adds √X with one control.</summary>
    public CircuitBuilder CSX(int control, int target) => Gate(GateCatalog.SX, 1, [], [control, target]);

    /// <summary>Adds the phase gate with one control.</summary>
    public CircuitBuilder CP(double lambda, int control, int target) => Gate(GateCatalog.P, 1, [lambda], [control, target]);

    /// <summary>Adds RX with one control.</summary>
    public CircuitBuilder CRX(double theta, int control, int target) => Gate(GateCatalog.RX, 1, [theta], [control, target]);

    /// <summary>Adds RY with one control.</summary>
    public CircuitBuilder CRY(double theta, int control, int target) => Gate(GateCatalog.RY, 1, [theta], [control, target]);

    /// <summary>Adds RZ with one control.</summary>
    public CircuitBuilder CRZ(double theta, int control, int target) => Gate(GateCatalog.RZ, 1, [theta], [control, target]);

    /// <summary>Adds e^{iγ} u(θ, φ, λ) with one control.</summary>
    public CircuitBuilder CU(double theta, double phi, double lambda, double gamma, int control, int target) =>
        Gate(U4, 1, [theta, phi, lambda, gamma], [control, target]);

    /// <summary>Exchanges two qubits.</summary>
    public CircuitBuilder Swap(int first, int second) => Gate(GateCatalog.Swap, 0, [], [first, second]);

    /// <summary>Adds iSWAP.</summary>
    public CircuitBuilder ISwap(int first, int second) => Gate(GateCatalog.ISwap, 0, [], [first, second]);

    /// <summary>Adds the echoed cross-resonance gate.</summary>
    public CircuitBuilder Ecr(int first, int second) => Gate(GateCatalog.Ecr, 0, [], [first, second]);

    /// <summary>Adds e^{-iθXX/2}.</summary>
    public CircuitBuilder RXX(double theta, int first, int second) => Gate(GateCatalog.RXX, 0, [theta], [first, second]);

    /// <summary>Adds e^{-iθYY/2}.</summary>
    public CircuitBuilder RYY(double theta, int first, int second) => Gate(GateCatalog.RYY, 0, [theta], [first, second]);

    /// <summary>Adds e^{-iθZZ/2}.</summary>
    public CircuitBuilder RZZ(double theta, int first, int second) => Gate(GateCatalog.RZZ, 0, [theta], [first, second]);

    /// <summary>Adds e^{-iθ Z⊗X/2}: Z on the first qubit, X on the second.</summary>
    public CircuitBuilder RZX(double theta, int first, int second) => Gate(GateCatalog.RZX, 0, [theta], [first, second]);

    /// <summary>Adds a Toffoli gate.</summary>
    public CircuitBuilder CCX(int control0, int control1, int target) => Gate(GateCatalog.X, 2, [], [control0, control1, target]);

    /// <summary>Adds Z with two controls.</summary>
    public CircuitBuilder CCZ(int control0, int control1, int target) => Gate(GateCatalog.Z, 2, [], [control0, control1, target]);

    /// <summary>Adds a Fredkin gate.</summary>
    public CircuitBuilder CSwap(int control, int first, int second) => Gate(GateCatalog.Swap, 1, [], [control, first, second]);

    /// <summary>Adds X with any number of controls.</summary>
    public CircuitBuilder MCX(ReadOnlySpan<int> controls, int target) => Gate(GateCatalog.X, controls.Length, [], [.. controls, target]);

    /// <summary>Adds Z with any number of controls.</summary>
    public CircuitBuilder MCZ(ReadOnlySpan<int> controls, int target) => Gate(GateCatalog.Z, controls.Length, [], [.. controls, target]);

    /// <summary>Adds the phase gate with any number of controls.</summary>
    public CircuitBuilder MCP(double lambda, ReadOnlySpan<int> controls, int target) => Gate(GateCatalog.P, controls.Length, [lambda], [.. controls, target]);
}
