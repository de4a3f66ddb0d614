using System.Reflection;
using System.Security.Cryptography;
using System.Text;
using Microsoft.Extensions.Logging;
using PredictiveOrchestration.Backends;
using PredictiveOrchestration.Common;

namespace PredictiveOrchestration.Execution;

/// <summary>
/// The folder of checkpoints: one file for each run, named by what is run. A run owns its file through a lock that the system lets go when its process ends, however it ends. A file is
/// replaced at once or not at all; one that is damaged or of another run is set aside and never loaded. What nobody took up goes after a time.
/// </summary>
internal sealed partial class CheckpointStore(string directory, CheckpointPolicy policy, TimeProvider time, ILogger logger)
{
    private const string Extension = ".checkpoint";
    private static readonly string Library =
        typeof(CheckpointStore).Assembly.GetCustomAttribute<AssemblyInformationalVersionAttribute>()?.InformationalVersion ?? typeof(CheckpointStore).Assembly.ManifestModule.ModuleVersionId.ToString();

    /// <summary>When and how large.</summary>
    public CheckpointPolicy Policy => policy;

    /// <summary>What a run is: the circuit, what is asked for, and this library.</summary>
    /// <param name="request">The request.</param>
    /// <param name="backend">The one backend that the caller wants, or null.</param>
    public static byte[] KeyOf(ExecutionRequest request, string? backend)
    {
        var what = new StringBuilder()
            .Append(System.Globalization.CultureInfo.InvariantCulture, $"{Library}|{Convert.ToHexString(request.Circuit.Digest())}|{request.FirstShot}+{request.Shots}|{request.Seed}|{request.TopProbabilities}|{request.RequireExact}|{backend}");
        foreach (var observable in request.Observables)
        {
            what.Append('|').AppendJoin('+', observable.Terms);
        }

        return SHA256.HashData(Encoding.UTF8.GetBytes(what.ToString()));
    }

    /// <summary>Takes the place of a run; null if the same run is going on already, here or in another process, or the folder cannot be used.</summary>
    public CheckpointSlot? Claim(byte[] key)
    {
        try
        {
            Directory.CreateDirectory(directory);
            var path = Path.Combine(directory, Convert.ToHexStringLower(key) + Extension);
            return Lock(path) is { } claim ? new CheckpointSlot(this, key, path, claim) : null;
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            CannotUse(exception, directory);
            return null;
        }
    }

    /// <summary>Removes what is older than the policy keeps, and half-written files of processes that are gone.</summary>
    public void Prune()
    {
        try
        {
            if (!Directory.Exists(directory))
            {
                return;
            }

            var oldest = time.GetUtcNow() - policy.Retention;
            foreach (var file in new DirectoryInfo(directory).EnumerateFiles("*" + Extension + "*").Where(f => f.Extension != ".lock" && f.LastWriteTimeUtc < oldest).ToList())
            {
                Remove(file);
            }
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            CannotUse(exception, directory);
        }
    }

    internal Checkpoint? Load(string path, byte[] key, long maxBytes)
    {
        try
        {
            if (!File.Exists(path))
            {
                return null;
            }

            using var file = new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.Read, 1 << 16);
            return CheckpointFormat.Read(file, key, Math.Min(maxBytes, policy.MaxFileBytes));
        }
        catch (InvalidDataException exception)
        {
            SetAside(path, exception.Message);
            return null;
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException or OutOfMemoryException)
        {
            CannotUse(exception, path);
            return null;
        }
    }

    internal bool Save(string path, byte[] key, Checkpoint checkpoint, CancellationToken cancellationToken)
    {
        var temporary = path + ".tmp";
        try
        {
            var bytes = CheckpointFormat.SizeOf(checkpoint.Snapshot);
            if (bytes > policy.MaxFileBytes || !MakeRoom(path, bytes))
            {
                return false;
            }

            using (var file = new FileStream(temporary, FileMode.Create, FileAccess.Write, FileShare.None, 1))
            {
                CheckpointFormat.Write(file, key, checkpoint, cancellationToken);
            }

            File.Move(temporary, path, true);
            return true;
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException or OperationCanceledException)
        {
            File.Delete(temporary);
            if (exception is OperationCanceledException)
            {
                throw;
            }

            CannotUse(exception, path);
            return false;
        }
    }

    internal void Delete(string path)
    {
        try
        {
            File.Delete(path);
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            CannotUse(exception, path);
        }
    }

    // The file that is replaced counts besides the new one while both are there.
    private bool MakeRoom(string path, long bytes)
    {
        var files = new DirectoryInfo(directory).EnumerateFiles("*" + Extension + "*").Where(f => f.Extension != ".lock").OrderBy(f => f.LastWriteTimeUtc).ToList();
        var held = files.Sum(f => f.Length);
        foreach (var file in files.Where(f => f.FullName != Path.GetFullPath(path)))
        {
            if (held + bytes <= policy.MaxDirectoryBytes)
            {
                break;
            }

            var length = file.Length;
            held -= Remove(file) ? length : 0;
        }

        return held + bytes <= policy.MaxDirectoryBytes;
    }

    // A file of a run that is going on stays.
    private bool Remove(FileInfo file)
    {
        var name = file.Name[..(file.Name.IndexOf(Extension, StringComparison.Ordinal) + Extension.Length)];
        using var claim = Lock(Path.Combine(directory, name));
        if (claim is null)
        {
            return false;
        }

        file.Delete();
        return true;
    }

    private static FileStream? Lock(string path)
    {
        try
        {
            return new FileStream(path + ".lock", FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.None, 1, FileOptions.DeleteOnClose);
        }
        catch (IOException exception) when (exception is not (DirectoryNotFoundException or PathTooLongException or FileNotFoundException))
        {
            return null;
        }
    }

    private void SetAside(string path, string why)
    {
        FileSetAside(path, why);
        if (StateFiles.SetAside(path) is { } exception)
        {
            CannotUse(exception, path);
        }
    }

    [LoggerMessage(Level = LogLevel.Warning, Message = "The checkpoint '{Path}' is set aside: {Why}; the run begins anew")]
    private partial void FileSetAside(string path, string why);

    [LoggerMessage(Level = LogLevel.Warning, Message = "'{Path}' cannot be used for checkpoints now")]
    private partial void CannotUse(Exception exception, string path);
}

/// <summary>The place of one run in the folder; disposing lets it go, and leaves what was written.</summary>
internal sealed class CheckpointSlot(CheckpointStore store, byte[] key, string path, FileStream claim) : IDisposable
{
    /// <summary>When and how large.</summary>
    public CheckpointPolicy Policy => store.Policy;

    /// <summary>Reads the state to go on from; null if there is none that can be.</summary>
    public Checkpoint? Load(double maxBytes) => store.Load(path, key, (long)Math.Min(long.MaxValue / 2, maxBytes));

    /// <summary>Writes a state in place of the one before; false if it may not or cannot be written.</summary>
    public bool Save(Checkpoint checkpoint, CancellationToken cancellationToken) => store.Save(path, key, checkpoint, cancellationToken);

    /// <summary>The run is done.</summary>
    public void Delete() => store.Delete(path);

    public void Dispose() => claim.Dispose();
}
