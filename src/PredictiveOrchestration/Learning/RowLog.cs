using System.IO.Hashing;
using System.Text;
using System.Text.Json;
using Microsoft.Extensions.Logging;
using PredictiveOrchestration.Prediction;

namespace PredictiveOrchestration.Learning;

/// <summary>
/// What was learned from, kept between processes: one line of JSON for each observation behind its checksum, appended to this process's file. Lines that are damaged,
/// or of another machine or library, are skipped with one warning; when the file grows too long its older half goes.
/// </summary>
internal sealed partial class RowLog(StateSlot slot, int maxRows, ILogger logger)
{
    private const int BytesEach = 1024;
    private readonly string _path = slot.Own("observations", "jsonl");

    /// <summary>Gives the rows of all processes, oldest first in each file; they are not held together.</summary>
    public IEnumerable<TrainingRow> Load() => slot.All("observations", "jsonl").SelectMany(Read);

    /// <summary>Appends rows.</summary>
    public void Append(IReadOnlyCollection<TrainingRow> rows)
    {
        if (rows.Count == 0)
        {
            return;
        }

        try
        {
            File.AppendAllLines(_path, rows.Select(Line));
            if (new FileInfo(_path).Length > (long)BytesEach * maxRows)
            {
                Shorten();
            }
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            CannotUse(exception, _path);
        }
    }

    // By bytes: the latter half, from the next line on.
    private void Shorten()
    {
        var temporary = _path + ".tmp";
        using (var from = new FileStream(_path, FileMode.Open, FileAccess.Read))
        using (var to = new FileStream(temporary, FileMode.Create, FileAccess.Write))
        {
            from.Position = from.Length / 2;
            for (var next = from.ReadByte(); next >= 0 && next != '\n';)
            {
                next = from.ReadByte();
            }

            from.CopyTo(to);
        }

        File.Move(temporary, _path, true);
    }

    private IEnumerable<TrainingRow> Read(string path)
    {
        var damaged = 0;
        using (var lines = Lines(path).GetEnumerator())
        {
            while (Next(lines, path) is { } line)
            {
                if (Parse(line) is { } row)
                {
                    yield return row;
                }
                else
                {
                    damaged++;
                }
            }
        }

        if (damaged > 0)
        {
            LinesSkipped(damaged, path);
        }
    }

    private static IEnumerable<string> Lines(string path)
    {
        using var reader = new StreamReader(new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete, 1 << 16));
        while (reader.ReadLine() is { } line)
        {
            yield return line;
        }
    }

    private string? Next(IEnumerator<string> lines, string path)
    {
        try
        {
            return lines.MoveNext() ? lines.Current : null;
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            CannotUse(exception, path);
            return null;
        }
    }

    private static string Line(TrainingRow row)
    {
        var json = JsonSerializer.Serialize(row, TrainingRowJson.Default.TrainingRow);
        return $"{Checksum(json)} {json}";
    }

    private static TrainingRow? Parse(string line)
    {
        if (line.Length is < 10 or > 4096 || line[8] != ' ' || Checksum(line[9..]) != line[..8])
        {
            return null;
        }

        try
        {
            var row = JsonSerializer.Deserialize(line[9..], TrainingRowJson.Default.TrainingRow);
            return TrainingRow.IsSound(row) ? row : null;
        }
        catch (JsonException)
        {
            return null;
        }
    }

    // With the machine and library: times of others are as useless as damaged ones.
    private static string Checksum(string text) => Convert.ToHexString(Crc32.Hash(Encoding.UTF8.GetBytes(MachineFingerprint.Current + text)));

    [LoggerMessage(Level = LogLevel.Warning, Message = "{Count} lines of '{Path}' are damaged or of another machine or version, and skipped")]
    private partial void LinesSkipped(int count, string path);

    [LoggerMessage(Level = LogLevel.Warning, Message = "'{Path}' cannot be used; what is learned now is not kept")]
    private partial void CannotUse(Exception exception, string path);
}
