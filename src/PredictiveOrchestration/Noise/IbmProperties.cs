using System.Text.Json;
using PredictiveOrchestration.Common;

namespace PredictiveOrchestration.Noise;

/// <summary>Reads IBM's properties document; unknown fields are ignored, units brought to seconds.</summary>
internal static class IbmProperties
{
    public static DeviceCalibration Read(JsonElement properties)
    {
        var qubits = properties.Get("qubits").Items().ToList();
        double? Of(JsonElement records, string name) => ((JsonElement?)records).Items().Where(r => r.Get("name").Text() == name).Select(Value).FirstOrDefault();
        var readout = Known(qubits.Select((q, i) => (i, Of(q, "readout_error") ?? (Of(q, "prob_meas0_prep1") + Of(q, "prob_meas1_prep0")) / 2)));
        var readoutOfOne = Known(qubits.Select((q, i) => (i, readout.ContainsKey(i) && Of(q, "prob_meas1_prep0") is not null ? Of(q, "prob_meas0_prep1") : null)));
        var one = new Dictionary<int, double>();
        var two = new Dictionary<(int, int), double>();
        List<double> oneTimes = [], twoTimes = [];
        var basis = new HashSet<string>(StringComparer.Ordinal) { "rz" };
        foreach (var gate in properties.Get("gates").Items())
        {
            basis.Add(gate.Get("gate").Text() ?? string.Empty);
            var on = gate.Get("qubits").Items().Select(q => q.GetInt32()).ToArray();
            var parameters = gate.Get("parameters") ?? default;
            var (error, length) = (Of(parameters, "gate_error"), Of(parameters, "gate_length"));
            if (on.Length == 1 && gate.Get("gate").Text() is "sx" && error is { } e1)
            {
                one[on[0]] = e1;
                oneTimes.AddRange(length is { } t ? [t] : []);
            }
            else if (on.Length == 2 && error is { } e2)
            {
                two[(Math.Min(on[0], on[1]), Math.Max(on[0], on[1]))] = e2;
                twoTimes.AddRange(length is { } t ? [t] : []);
            }
        }

        return new DeviceCalibration
        {
            Device = properties.Get("backend_name").Text() ?? "ibm",
            MeasuredAt = properties.Get("last_update_date").Moment(),
            NumQubits = qubits.Count,
            Couplings = [.. two.Keys],
            BasisGates = basis,
            OneQubitErrors = one,
            TwoQubitErrors = two,
            ReadoutErrors = readout,
            ReadoutErrorsOfOne = readoutOfOne,
            OneQubitError = Median(one.Values),
            TwoQubitError = Median(two.Values),
            ReadoutError = Median(readout.Values),
            ReadoutErrorOfOne = readoutOfOne.Count == readout.Count ? Median(readoutOfOne.Values) : null,
            T1 = Median(qubits.Select(q => Of(q, "T1")).OfType<double>()),
            T2 = Median(qubits.Select(q => Of(q, "T2")).OfType<double>()),
            ReadoutTime = Median(qubits.Select(q => Of(q, "readout_length")).OfType<double>()),
            OneQubitTime = Median(oneTimes),
            TwoQubitTime = Median(twoTimes),
        };
    }

    private static double? Value(JsonElement record) => record.Get("value").Number() * (record.Get("unit").Text() switch { "ns" => 1e-9, "us" or "µs" => 1e-6, "ms" => 1e-3, _ => 1 });

    private static Dictionary<int, double> Known(IEnumerable<(int Qubit, double? Value)> values) => values.Where(v => v.Value is not null).ToDictionary(v => v.Qubit, v => v.Value!.Value);

    private static double? Median(IEnumerable<double> values)
    {
        var sorted = values.Order().ToArray();
        return sorted.Length == 0 ? null : (sorted[(sorted.Length - 1) / 2] + sorted[sorted.Length / 2]) / 2;
    }
}
