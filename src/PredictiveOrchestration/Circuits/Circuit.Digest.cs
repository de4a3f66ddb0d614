using System.Runtime.InteropServices;
using System.Security.Cryptography;

namespace PredictiveOrchestration.Circuits;

public sealed partial class Circuit
{
    private const int IntegersPerOperation = 7;

    /// <summary>A SHA-256 digest of what the circuit does: equal for circuits built alike, whatever their names, on one machine and version of the library.</summary>
    internal byte[] Digest()
    {
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        Append(hash, [NumQubits, NumClbits, NumScratchBits, _operations.Length, _qubits.Length, _parameters.Length, _matrices.Length, _expressions.Length, _assignments.Length]);
        var fields = new int[256 * IntegersPerOperation];
        var used = 0;
        foreach (ref readonly var op in Operations)
        {
            ReadOnlySpan<int> one = [(int)op.Kind | (op.HasDynamicParameters ? 256 : 0), op.GateIndex, op.ControlCount, op.QubitCount, op.QubitStart, op.ParameterStart, op.Argument];
            one.CopyTo(fields.AsSpan(used));
            used += IntegersPerOperation;
            if (used == fields.Length)
            {
                Append(hash, fields);
                used = 0;
            }
        }

        Append(hash, fields.AsSpan(0, used));
        Append(hash, _qubits);
        hash.AppendData(MemoryMarshal.AsBytes(_parameters.AsSpan()));
        foreach (var matrix in _matrices)
        {
            Append(hash, [matrix.Length]);
            hash.AppendData(MemoryMarshal.AsBytes(matrix.AsSpan()));
        }

        // Records write all their members.
        foreach (var text in _expressions.Select(e => e.ToString()).Concat(_assignments.Select(a => a.ToString())).Concat(Variables.Select(v => v.ToString())))
        {
            var bytes = System.Text.Encoding.UTF8.GetBytes(text);
            Append(hash, [bytes.Length]);
            hash.AppendData(bytes);
        }

        return hash.GetHashAndReset();
    }

    private static void Append(IncrementalHash hash, ReadOnlySpan<int> values) => hash.AppendData(MemoryMarshal.AsBytes(values));
}
