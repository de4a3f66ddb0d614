using System.IO.Hashing;
using System.Runtime.InteropServices;
using System.Security.Cryptography;

namespace PredictiveOrchestration.Circuits;

public sealed partial class Circuit
{
    /// <summary>A SHA-256 digest of what the circuit does: equal for circuits built alike, whatever their names, on one machine and version of the library.</summary>
    internal byte[] Digest()
    {
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        Append(hash, Sizes());
        hash.AppendData(MemoryMarshal.AsBytes(Operations));
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

    /// <summary>
    /// A quick hash of what the circuit does: equal for circuits built alike, whatever their names; null for one with run-time expressions. It tells circuits of a process apart, and
    /// nobody who does not know the seed can make two that it takes for one.
    /// </summary>
    /// <param name="seed">Secret to the process.</param>
    internal UInt128? Fingerprint(long seed)
    {
        if (_expressions.Length + _assignments.Length + Variables.Count > 0)
        {
            return null;
        }

        var hash = XxHash128.HashToUInt128(MemoryMarshal.AsBytes(Operations), seed);
        Join(ref hash, MemoryMarshal.AsBytes<int>(Sizes()), seed);
        Join(ref hash, MemoryMarshal.AsBytes(_qubits.AsSpan()), seed);
        Join(ref hash, MemoryMarshal.AsBytes(_parameters.AsSpan()), seed);
        foreach (var matrix in _matrices)
        {
            Join(ref hash, MemoryMarshal.AsBytes(matrix.AsSpan()), seed);
        }

        return hash;
    }

    private int[] Sizes() =>
        [NumQubits, NumClbits, NumScratchBits, _operations.Length, _qubits.Length, _parameters.Length, _matrices.Length, _expressions.Length, _assignments.Length];

    private static void Join(ref UInt128 hash, ReadOnlySpan<byte> bytes, long seed) =>
        hash = UInt128.RotateLeft(hash, 1) + XxHash128.HashToUInt128(bytes, seed ^ (long)(ulong)hash);

    private static void Append(IncrementalHash hash, ReadOnlySpan<int> values) => hash.AppendData(MemoryMarshal.AsBytes(values));
}
