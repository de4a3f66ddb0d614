using System.Text.Json;
using PredictiveOrchestration.Common;
using PredictiveOrchestration.Noise;
using PredictiveOrchestration.Transpilation;

namespace PredictiveOrchestration.Remote.Ibm;

/// <summary>Reads IBM's configuration document; unknown fields are ignored.</summary>
internal static class IbmDevices
{
    public static DeviceModel ReadModel(JsonElement configuration) => new()
    {
        Name = configuration.Get("backend_name").Text() ?? "ibm",
        NumQubits = (int)(configuration.Get("n_qubits").Number() ?? throw new FormatException("The configuration has no n_qubits.")),
        BasisGates = configuration.Get("basis_gates").Items().Select(g => g.GetString() ?? string.Empty).ToHashSet(),
        Couplings = [.. configuration.Get("coupling_map").Items().Select(p => (p[0].GetInt32(), p[1].GetInt32()))],
    };
}
