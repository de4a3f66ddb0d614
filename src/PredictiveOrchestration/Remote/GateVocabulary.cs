using System.Globalization;
using PredictiveOrchestration.Circuits;
using PredictiveOrchestration.Transpilation;

namespace PredictiveOrchestration.Remote;

/// <summary>
/// The gates of a service that compiles for its devices itself, by its own names. Circuits of other gates are brought into it exactly, as <c>rz</c>,
/// <c>ry</c> and <c>cx</c>, which must be among its gates. Immutable.
/// </summary>
public sealed class GateVocabulary
{
    private readonly string _service;
    private readonly Dictionary<(string Gate, int Controls), string> _names;

    /// <summary>Makes a vocabulary.</summary>
    /// <param name="service">Whose it is, for messages.</param>
    /// <param name="names">The service's name of each gate, by the gate's name in <see cref="GateCatalog"/> and the number of controls.</param>
    /// <exception cref="ArgumentException">rz, ry or cx (x with one control) is missing.</exception>
    public GateVocabulary(string service, IReadOnlyDictionary<(string Gate, int Controls), string> names)
    {
        ArgumentNullException.ThrowIfNull(names);
        _service = service;
        _names = names.ToDictionary();
        if (!_names.ContainsKey(("rz", 0)) || !_names.ContainsKey(("ry", 0)) || !_names.ContainsKey(("x", 1)))
        {
            throw new ArgumentException($"The gates of {service} need rz, ry and cx.", nameof(names));
        }
    }

    /// <summary>The circuit in the service's gates, on the same qubits: itself if all of its gates are known, else transpiled.</summary>
    /// <exception cref="TranspilationException">It has run-time control flow, or gates that cannot be taken apart.</exception>
    public Circuit Express(Circuit circuit, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(circuit);
        foreach (ref readonly var op in circuit.Operations)
        {
            var known = op.Kind switch
            {
                OperationKind.Gate => IsNothing(circuit, op) || _names.ContainsKey((circuit.GateOf(op).Name, op.ControlCount)),
                OperationKind.Unitary => false,
                _ => true,
            };
            if (!known)
            {
                var device = new DeviceModel { Name = _service, NumQubits = circuit.NumQubits, BasisGates = new HashSet<string> { "rz", "ry", "cx" } };
                return Transpiler.Transpile(circuit, device, 0, measureAll: false, cancellationToken).Circuit;
            }
        }

        return circuit;
    }

    /// <summary>The service's name of a gate of an expressed circuit; null for one that need not be sent: the identity and global phases.</summary>
    public string? NameOf(Circuit circuit, in Operation operation)
    {
        ArgumentNullException.ThrowIfNull(circuit);
        return operation.Kind != OperationKind.Gate || IsNothing(circuit, operation) ? null : _names[(circuit.GateOf(operation).Name, operation.ControlCount)];
    }

    /// <summary>The gate as most textual formats begin it: its <see cref="NameOf">name</see>, and its angle in brackets if it has one, in full precision; null for one that need not be sent.</summary>
    public string? CallOf(Circuit circuit, in Operation operation) =>
        NameOf(circuit, operation) is not { } name ? null
        : circuit.GateOf(operation).NumParameters == 1 ? string.Create(CultureInfo.InvariantCulture, $"{name}({circuit.ParametersOf(operation)[0]:R})") : name;

    private static bool IsNothing(Circuit circuit, in Operation op) => op.QubitCount == 0 ? circuit.GateOf(op).NumQubits == 0 : op.ControlCount == 0 && circuit.GateOf(op) == GateCatalog.Id;
}
