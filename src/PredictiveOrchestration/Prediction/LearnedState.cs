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
    public const int FormatVersion = 1;

    private const int MostBackends = 10_000, MostModels = 64;
    private static ReadOnlySpan<byte> Mark => "PO-MODEL"u8;

    public static byte[] Write(IReadOnlyDictionary<string, LearnedBackend> backends)
    {
        using var payload = new MemoryStream();
        using (var writer = new BinaryWriter(payload, System.Text.Encoding.UTF8, leaveOpen: true))
        {
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
        }

        var body = payload.GetBuffer().AsSpan(0, (int)payload.Length);
        var bytes = new byte[Mark.Length + sizeof(int) + SHA256.HashSizeInBytes + body.Length];
        Mark.CopyTo(bytes);
        BitConverter.TryWriteBytes(bytes.AsSpan(Mark.Length), FormatVersion);
        SHA256.HashData(body, bytes.AsSpan(Mark.Length + sizeof(int)));
        body.CopyTo(bytes.AsSpan(bytes.Length - body.Length));
        return bytes;
    }

    /// <summary>Reads what was written.</summary>
    /// <param name="bytes">The bytes.</param>
    /// <param name="anyMachine">Whether what another machine or version of the library learned is taken.</param>
    /// <exception cref="InvalidDataException">It is damaged, of another form, or foreign; the message is a clause that says which.</exception>
    public static Dictionary<string, LearnedBackend> Read(byte[] bytes, bool anyMachine)
    {
        var head = Mark.Length + sizeof(int) + SHA256.HashSizeInBytes;
        if (bytes.Length < head || !bytes.AsSpan(0, Mark.Length).SequenceEqual(Mark))
        {
            throw new InvalidDataException("it holds no models");
        }

        if (BitConverter.ToInt32(bytes, Mark.Length) is var version && version != FormatVersion)
        {
            throw new InvalidDataException($"its form has version {version}; {FormatVersion} is read");
        }

        if (!SHA256.HashData(bytes.AsSpan(head)).AsSpan().SequenceEqual(bytes.AsSpan(head - SHA256.HashSizeInBytes, SHA256.HashSizeInBytes)))
        {
            throw new InvalidDataException("its checksum is wrong");
        }

        using var reader = new BinaryReader(new MemoryStream(bytes, head, bytes.Length - head, false));
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
