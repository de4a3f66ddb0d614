using System.IO.Hashing;
using System.Numerics;
using System.Runtime.InteropServices;
using System.Text;
using PredictiveOrchestration.Backends;

namespace PredictiveOrchestration.Execution;

/// <summary>A state on disk, and whose it is.</summary>
/// <param name="BackendId">The backend that held it.</param>
/// <param name="Snapshot">The state.</param>
/// <param name="DiscardedWeight">The probability weight dropped so far.</param>
/// <param name="FidelityLowerBound">What the squared overlap with the exact state is surely not below.</param>
/// <param name="IsExact">Whether all backends so far are exact.</param>
internal sealed record Checkpoint(string BackendId, StateSnapshot Snapshot, double DiscardedWeight, double FidelityLowerBound, bool IsExact);

/// <summary>
/// The file: magic and version; length of the header; the header (key, qubits, operation, form, count, dropped weight, fidelity, exactness, backend, places of the qubits); indices if sparse; amplitudes; XxHash128 of all before.
/// Little-endian.
/// </summary>
internal static class CheckpointFormat
{
    private const ulong Magic = 0x00_5450_4B43_4F50; // "POCKPT" from the lowest byte up.
    private const int Version = 1;
    private const int MaxHeaderBytes = 4096;
    private const int ChunkBytes = 4 << 20;
    private const int HashBytes = 16;

    /// <summary>The bytes of a file for a snapshot, about.</summary>
    public static long SizeOf(StateSnapshot snapshot) => snapshot.SizeBytes + MaxHeaderBytes;

    /// <summary>Writes it through to the disk.</summary>
    public static void Write(FileStream file, ReadOnlySpan<byte> key, Checkpoint checkpoint, CancellationToken cancellationToken)
    {
        var hash = new XxHash128();
        using (var header = new MemoryStream())
        {
            using var writer = new BinaryWriter(header, Encoding.UTF8);
            var snapshot = checkpoint.Snapshot;
            writer.Write(Magic);
            writer.Write(Version);
            writer.Write(0);
            writer.Write(key.Length);
            writer.Write(key);
            writer.Write(snapshot.NumQubits);
            writer.Write(snapshot.OperationIndex);
            writer.Write(snapshot.IsDense);
            writer.Write(snapshot.Amplitudes.LongLength);
            writer.Write(checkpoint.DiscardedWeight);
            writer.Write(checkpoint.FidelityLowerBound);
            writer.Write(checkpoint.IsExact);
            writer.Write(checkpoint.BackendId);
            var places = snapshot.BitOfQubit ?? [];
            writer.Write((byte)places.Length);
            writer.Write([.. places.Select(p => (byte)p)]);
            writer.Flush();
            header.Position = 12;
            writer.Write((int)header.Length);
            writer.Flush();
            Put(header.GetBuffer().AsSpan(0, (int)header.Length));
        }

        foreach (var chunk in Chunks(checkpoint.Snapshot))
        {
            cancellationToken.ThrowIfCancellationRequested();
            Put(chunk.Span);
        }

        file.Write(hash.GetCurrentHash());
        file.Flush(true);

        void Put(ReadOnlySpan<byte> bytes)
        {
            hash.Append(bytes);
            file.Write(bytes);
        }
    }

    /// <summary>Reads it.</summary>
    /// <param name="file">The file.</param>
    /// <param name="key">Whose it must be.</param>
    /// <param name="maxBytes">The greatest state to take.</param>
    /// <exception cref="InvalidDataException">It is damaged, of another version or of another run; the message says which.</exception>
    public static Checkpoint Read(FileStream file, ReadOnlySpan<byte> key, long maxBytes)
    {
        using var reader = new BinaryReader(file, Encoding.UTF8, leaveOpen: true);
        try
        {
            if (reader.ReadUInt64() != Magic)
            {
                throw new InvalidDataException("it is not a checkpoint");
            }

            if (reader.ReadInt32() is var version && version != Version)
            {
                throw new InvalidDataException($"it is of version {version}; this library reads {Version}");
            }

            var headerLength = reader.ReadInt32();
            if (headerLength is < 64 or > MaxHeaderBytes)
            {
                throw new InvalidDataException("its header is damaged");
            }

            file.Position = 0;
            var header = reader.ReadBytes(headerLength);
            using var fields = new BinaryReader(new MemoryStream(header), Encoding.UTF8);
            fields.BaseStream.Position = 16;
            var owner = fields.ReadBytes(Math.Clamp(fields.ReadInt32(), 0, headerLength));
            var (qubits, operation, dense, count) = (fields.ReadInt32(), fields.ReadInt32(), fields.ReadBoolean(), fields.ReadInt64());
            var (discarded, fidelity, exact, backend) = (fields.ReadDouble(), fields.ReadDouble(), fields.ReadBoolean(), fields.ReadString());
            var places = fields.ReadBytes(fields.ReadByte()).Select(p => (int)p).ToArray();
            if (!owner.AsSpan().SequenceEqual(key))
            {
                throw new InvalidDataException("it belongs to another run or version of the library");
            }

            // The length is checked before anything of that length is allocated.
            var bytes = count * (dense ? 16 : 32);
            if (count is < 1 or > (1 << 30) || qubits is < 0 or > 128 || operation < 0 || (places.Length > 0 && (places.Length != qubits || !places.Order().SequenceEqual(Enumerable.Range(0, qubits)))) || bytes > maxBytes || file.Length != headerLength + bytes + HashBytes)
            {
                throw new InvalidDataException("its length is not what its header says, or above the limit");
            }

            var indices = dense ? null : GC.AllocateUninitializedArray<UInt128>((int)count);
            var amplitudes = GC.AllocateUninitializedArray<Complex>((int)count);
            var snapshot = dense ? StateSnapshot.Dense(qubits, operation, amplitudes) : StateSnapshot.Sparse(qubits, operation, indices!, amplitudes);
            var hash = new XxHash128();
            hash.Append(header);
            foreach (var chunk in Chunks(snapshot))
            {
                file.ReadExactly(chunk.Span);
                hash.Append(chunk.Span);
            }

            return reader.ReadBytes(HashBytes).AsSpan().SequenceEqual(hash.GetCurrentHash())
                ? new Checkpoint(backend, places.Length == 0 ? snapshot : snapshot.With(places), discarded, fidelity, exact)
                : throw new InvalidDataException("its checksum is wrong");
        }
        catch (Exception exception) when (exception is EndOfStreamException or ArgumentException or FormatException)
        {
            throw new InvalidDataException("it is cut off or its header is damaged", exception);
        }
    }

    private static IEnumerable<Memory<byte>> Chunks(StateSnapshot snapshot)
    {
        if (snapshot.Indices is { } indices)
        {
            for (var at = 0; at < indices.Length; at += ChunkBytes / 16)
            {
                yield return new ArrayBytes<UInt128>(indices, at, Math.Min(ChunkBytes / 16, indices.Length - at)).Memory;
            }
        }

        for (var at = 0; at < snapshot.Amplitudes.Length; at += ChunkBytes / 16)
        {
            yield return new ArrayBytes<Complex>(snapshot.Amplitudes, at, Math.Min(ChunkBytes / 16, snapshot.Amplitudes.Length - at)).Memory;
        }
    }

    // A part of an array as bytes.
    private sealed class ArrayBytes<T>(T[] array, int start, int count) : System.Buffers.MemoryManager<byte>
        where T : unmanaged
    {
        public override Span<byte> GetSpan() => MemoryMarshal.AsBytes(array.AsSpan(start, count));

        public override System.Buffers.MemoryHandle Pin(int elementIndex = 0) => throw new NotSupportedException();

        public override void Unpin()
        {
        }

        protected override void Dispose(bool disposing)
        {
        }
    }
}
