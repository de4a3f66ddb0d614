using System.Text.Json;
using PredictiveOrchestration.Common;

namespace PredictiveOrchestration.Noise;

/// <summary>Reads IonQ's characterizations: fidelities as median (version 0.4) or mean (0.3), times in seconds.</summary>
internal static class IonQCharacterization
{
    public static DeviceCalibration Read(JsonElement json)
    {
        double? Error(string name) => (json.Get("fidelity", name, "median") ?? json.Get("fidelity", name, "mean") ?? json.Get("fidelity", name)).Number() is { } fidelity and >= 0 and <= 1 ? 1 - fidelity : null;
        double? Time(string name) => json.Get("timing", name).Number() is { } seconds and > 0 ? seconds : null;
        return new DeviceCalibration
        {
            Device = json.Get("backend").Text() ?? "ionq",
            MeasuredAt = json.Get("date").Moment(),
            NumQubits = (int)Math.Clamp(json.Get("qubits").Number() ?? 0, 0, DeviceCalibration.MaxQubits),
            Couplings = CalibrationJson.Couplings(json.Get("connectivity")),
            OneQubitError = Error("1q"),
            TwoQubitError = Error("2q"),
            ReadoutError = Error("spam"),
            T1 = Time("t1"),
            T2 = Time("t2"),
            OneQubitTime = Time("1q"),
            TwoQubitTime = Time("2q"),
            ReadoutTime = Time("readout"),
            VirtualZ = true,
        };
    }
}
