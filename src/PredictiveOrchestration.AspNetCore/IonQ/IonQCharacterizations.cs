using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using PredictiveOrchestration.Simulation.Noisy;

namespace PredictiveOrchestration.AspNetCore.IonQ;

/// <summary>Calibrations in IonQ's form: fidelities, and times in seconds.</summary>
internal static class IonQCharacterizations
{
    /// <summary>The id of a device's characterization: clients read it as a UUID, and the same device has the same one.</summary>
    public static Guid IdOf(string device) => new(SHA256.HashData(Encoding.UTF8.GetBytes("characterization " + device)).AsSpan(0, 16));

    public static void Write(Utf8JsonWriter w, NoisySimulator device, DateTimeOffset now)
    {
        var c = device.Calibration;
        void Fidelity(string name, double? error)
        {
            w.WriteStartObject(name);
            w.WriteNumber("median", 1 - (error ?? 0));
            w.WriteEndObject();
        }

        void Time(string name, double? seconds)
        {
            if (seconds is > 0 && double.IsFinite(seconds.Value))
            {
                w.WriteNumber(name, seconds.Value);
            }
        }

        w.WriteStartObject();
        w.WriteString("id", IdOf(device.Descriptor.Id));
        w.WriteString("backend", IonQReader.Prefix + device.Descriptor.Id);
        w.WriteString("date", c.MeasuredAt ?? now);
        w.WriteNumber("qubits", device.Descriptor.Capabilities.MaxQubits);
        w.WriteStartArray("connectivity");
        foreach (var (a, b) in c.Couplings)
        {
            w.WriteStartArray();
            w.WriteNumberValue(a);
            w.WriteNumberValue(b);
            w.WriteEndArray();
        }

        w.WriteEndArray();
        w.WriteStartObject("fidelity");
        Fidelity("1q", c.OneQubitError);
        Fidelity("2q", c.TwoQubitError);
        Fidelity("spam", c.ReadoutError);
        w.WriteEndObject();
        w.WriteStartObject("timing");
        Time("readout", c.ReadoutTime);
        Time("1q", c.OneQubitTime);
        Time("2q", c.TwoQubitTime);
        Time("t1", c.T1);
        Time("t2", c.T2);
        w.WriteEndObject();
        w.WriteEndObject();
    }
}
