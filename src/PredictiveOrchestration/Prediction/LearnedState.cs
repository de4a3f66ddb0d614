using System.Security.Cryptography;

namespace PredictiveOrchestration.Prediction;

/// <summary>What was learned about one backend.</summary>
/// <param name="Seen">The number of runs learned from.</param>
/// <param name="Model">The model in use.</param>
/// <param name="Earlier">The models that it replaced, latest first.</param>
/// <param name="Rows">Runs that models are fitted to; may be left out.</param>
internal sealed record LearnedBackend(long Seen, BackendModel Model, IReadOnlyList<BackendModel> Earlier, IReadOnlyList<TrainingRow> Rows);

/// <summary>
/// What was learned, as bytes: a mark, the version of the form, the SHA-256 of what follows, then the machine and library it holds for, and the backends. Nothing
/// is used before its checksum and every value have been checked.
/// </summary>
internal static class LearnedState
{
    /// <summary>The longest file that is read.</summary>
    public const long MaxBytes = 1L << 30;

    /// <summary>The version of the form that is written and read.</summary>
    public const int FormatVersion = 5;

    private const int MostBackends = 10_000, MostModels = 64;

    // The mark, the version and the checksum.
    private const int Head = 8 + sizeof(int) + SHA256.HashSizeInBytes;
    private static ReadOnlySpan<byte> Mark => "PO-MODEL"u8;

    /// <summary>Writes backends as bytes.</summary>
    public static byte[] Write(IReadOnlyDictionary<string, LearnedBackend> backends)
    {
        using var stream = new MemoryStream();
        Write(backends, stream);
        return stream.ToArray();
    }

    /// <summary>Writes backends into a stream that is kept, in place of what it held: a megabyte of garbage each second would have old objects collected too.</summary>
    public static void Write(IReadOnlyDictionary<string, LearnedBackend> backends, MemoryStream stream)
    {
        stream.SetLength(0);
        using var writer = new BinaryWriter(stream, System.Text.Encoding.UTF8, leaveOpen: true);
        writer.Write(Mark);
        writer.Write(FormatVersion);
        writer.Write(stackalloc byte[SHA256.HashSizeInBytes]);
        writer.Write(MachineFingerprint.Current);
        writer.Write(backends.Count);
        foreach (var (id, backend) in backends)
        {
            writer.Write(id);
            writer.Write(backend.Seen);
            backend.Model.Write(writer);
            writer.Write(backend.Earlier.Count);
            foreach (var model in backend.Earlier)
            {
                model.Write(writer);
            }

            writer.Write(backend.Rows.Count);
            foreach (var row in backend.Rows)
            {
                row.Write(writer);
            }
        }

        writer.Flush();
        var bytes = stream.GetBuffer().AsSpan(0, (int)stream.Length);
        SHA256.HashData(bytes[Head..], bytes[(Head - SHA256.HashSizeInBytes)..]);
    }

    /// <summary>Reads what was written.</summary>
    /// <param name="bytes">The bytes.</param>
    /// <param name="anyMachine">Whether what another machine or version of the library learned is taken.</param>
    /// <exception cref="InvalidDataException">It is damaged, of another form, or foreign; the message is a clause that says which.</exception>
    public static Dictionary<string, LearnedBackend> Read(byte[] bytes, bool anyMachine)
    {
        if (bytes.Length < Head || !bytes.AsSpan(0, Mark.Length).SequenceEqual(Mark))
        {
            throw new InvalidDataException("it holds no models");
        }

        if (BitConverter.ToInt32(bytes, Mark.Length) is var version && version != FormatVersion)
        {
            throw new InvalidDataException($"its form has version {version}; {FormatVersion} is read");
        }

        if (!SHA256.HashData(bytes.AsSpan(Head)).AsSpan().SequenceEqual(bytes.AsSpan(Head - SHA256.HashSizeInBytes, SHA256.HashSizeInBytes)))
        {
            throw new InvalidDataException("its checksum is wrong");
        }

        using var reader = new BinaryReader(new MemoryStream(bytes, Head, bytes.Length - Head, false));
        try
        {
            var machine = reader.ReadString();
            if (!anyMachine && machine != MachineFingerprint.Current)
            {
                throw new InvalidDataException($"it is of another machine or library ('{machine}')");
            }

            var backends = new Dictionary<string, LearnedBackend>(StringComparer.Ordinal);
            var count = reader.ReadCount(1);
            BinaryParts.Require(count <= MostBackends);
            for (var i = 0; i < count; i++)
            {
                var (id, backend) = ReadBackend(reader);
                BinaryParts.Require(backends.TryAdd(id, backend));
            }

            return backends;
        }
        catch (Exception exception) when (exception is EndOfStreamException or FormatException or ArgumentException)
        {
            throw new InvalidDataException("it ends too early or holds what is no text", exception);
        }
    }

    private static (string Id, LearnedBackend Backend) ReadBackend(BinaryReader reader)
    {
        var id = reader.ReadString();
        var seen = reader.ReadInt64();
        var model = BackendModel.Read(reader);
        var earlier = new BackendModel[reader.ReadCount(1)];
        BinaryParts.Require(seen >= 0 && earlier.Length <= MostModels);
        for (var m = 0; m < earlier.Length; m++)
        {
            earlier[m] = BackendModel.Read(reader);
        }

        var rows = new TrainingRow[reader.ReadCount(TrainingRow.LeastBytes)];
        for (var r = 0; r < rows.Length; r++)
        {
            rows[r] = TrainingRow.Read(reader);
            BinaryParts.Require(rows[r].BackendId == id && rows[r].Basis == model.Analytic.Basis.Name);
        }

        return (id, new LearnedBackend(seen, model, earlier, rows));
    }
}
