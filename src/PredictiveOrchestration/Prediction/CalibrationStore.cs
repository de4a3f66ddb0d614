using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using Microsoft.Extensions.Logging;
using PredictiveOrchestration.Common;

namespace PredictiveOrchestration.Prediction;

/// <summary>
/// Keeps calibration between processes, as one JSON file with a checksum. It counts only for the same machine and library; a damaged
/// or foreign file is set aside and never fatal. Writing replaces the file at once, so two processes may share the folder.
/// </summary>
/// <param name="directory">The folder.</param>
/// <param name="logger">Where troubles go.</param>
/// <param name="devices">The devices that timings depend on besides the machine: each combination has a file of its own.</param>
internal sealed partial class CalibrationStore(string directory, ILogger logger, string devices = "")
{
    private const int FormatVersion = 4;
    private const long MaxFileBytes = 4 << 20;
    private readonly string _path = Path.Combine(
        directory, devices.Length == 0 ? "calibration.json" : $"calibration-{Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(devices)))[..12]}.json");

    private readonly string _fingerprint = devices.Length == 0 ? MachineFingerprint.Current : $"{MachineFingerprint.Current}|{devices}";

    /// <summary>Reads the rows of this machine and library for exactly these backends; null if there are none.</summary>
    public IReadOnlyList<TrainingRow>? Load(IReadOnlyCollection<string> backendIds)
    {
        try
        {
            var file = new FileInfo(_path);
            if (!file.Exists)
            {
                return null;
            }

            if (file.Length > MaxFileBytes)
            {
                SetAside("it is too large");
                return null;
            }

            var content = JsonSerializer.Deserialize(File.ReadAllBytes(_path), TrainingRowJson.Default.CalibrationFile);
            if (content is null || content.Version != FormatVersion || content.Rows is null || content.Checksum != ChecksumOf(content.Rows) || !content.Rows.TrueForAll(TrainingRow.IsSound))
            {
                SetAside("its checksum or form is wrong");
                return null;
            }

            return content.Fingerprint == _fingerprint && backendIds.All(id => content.Rows.Exists(r => r.BackendId == id))
                ? [.. content.Rows.Where(r => backendIds.Contains(r.BackendId))]
                : null;
        }
        catch (JsonException)
        {
            SetAside("it is not valid JSON");
            return null;
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            CannotUse(exception, _path);
            return null;
        }
    }

    /// <summary>Writes the rows.</summary>
    public void Save(IReadOnlyList<TrainingRow> rows)
    {
        try
        {
            Directory.CreateDirectory(directory);
            List<TrainingRow> list = [.. rows];
            var content = new CalibrationFile(FormatVersion, _fingerprint, ChecksumOf(list), list);
            StateFiles.Replace(_path, JsonSerializer.SerializeToUtf8Bytes(content, TrainingRowJson.Default.CalibrationFile));
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            CannotUse(exception, _path);
        }
    }

    private static string ChecksumOf(List<TrainingRow> rows) => Convert.ToHexString(SHA256.HashData(JsonSerializer.SerializeToUtf8Bytes(rows, TrainingRowJson.Default.ListTrainingRow)));

    private void SetAside(string why)
    {
        FileSetAside(_path, why);
        if (StateFiles.SetAside(_path) is { } exception)
        {
            CannotUse(exception, _path);
        }
    }

    [LoggerMessage(Level = LogLevel.Warning, Message = "The calibration file '{Path}' is set aside: {Why}")]
    private partial void FileSetAside(string path, string why);

    [LoggerMessage(Level = LogLevel.Warning, Message = "The calibration file '{Path}' cannot be used")]
    private partial void CannotUse(Exception exception, string path);
}
