using System.IO.Hashing;
using System.Text;
using System.Text.Json;
using Microsoft.Extensions.Logging;
using PredictiveOrchestration.Prediction;

namespace PredictiveOrchestration.Learning;

/// <summary>
/// What was learned from, kept between processes: one line of JSON for each observation behind its checksum, appended. Lines that are damaged, or of another machine or library, are
/// skipped with one warning; when the file grows too long its older half goes.
/// </summary>
internal sealed partial class RowLog(string directory, int maxRows, ILogger logger)
{
    private readonly string _path = Path.Combine(directory, "observations.jsonl");

    /// <summary>Reads the latest rows, oldest first.</summary>
    public IReadOnlyList<TrainingRow> Load()
    {
        var rows = new Queue<TrainingRow>();
        var damaged = 0;
        try
        {
            if (!File.Exists(_path))
            {
                return [];
            }

            foreach (var line in File.ReadLines(_path))
            {
                if (Parse(line) is { } row)
                {
                    rows.Enqueue(row);
                    if (rows.Count > maxRows)
                    {
                        rows.Dequeue();
                    }
                }
                else
                {
                    damaged++;
                }
            }
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            CannotUse(exception, _path);
        }

        if (damaged > 0)
        {
            LinesSkipped(damaged, _path);
        }

        return [.. rows];
    }

    /// <summary>Appends rows.</summary>
    public void Append(IReadOnlyCollection<TrainingRow> rows)
    {
        if (rows.Count == 0)
        {
            return;
        }

        try
        {
            Directory.CreateDirectory(directory);
            File.AppendAllLines(_path, rows.Select(Line));
            if (new FileInfo(_path).Length > 1024L * maxRows)
            {
                var kept = Load();
                var temporary = $"{_path}.{Environment.ProcessId}.tmp";
                File.WriteAllLines(temporary, kept.Skip(kept.Count / 2).Select(Line));
                File.Move(temporary, _path, true);
            }
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            CannotUse(exception, _path);
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
