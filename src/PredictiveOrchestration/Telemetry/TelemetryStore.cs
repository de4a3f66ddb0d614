using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;
using PredictiveOrchestration.Telemetry.Storage;

namespace PredictiveOrchestration.Telemetry;

/// <summary>
/// Keeps execution records beyond the process, in an SQLite file or another database. Writing never waits and never fails: records go through a bounded queue to a writer in the
/// background; where the queue is full they are dropped and counted, and where the database cannot be written one warning is logged, <see cref="Status"/> says why, and it is tried
/// again until it can. Each record is written once. Of a circuit's profile the headline values are kept. Thread-safe.
/// </summary>
public sealed partial class TelemetryStore : IAsyncDisposable
{
    private const int BatchSize = 1000, TrimEvery = 10_000;
    private static readonly TimeSpan TrimInterval = TimeSpan.FromSeconds(10), LongestPause = TimeSpan.FromMinutes(1), CloseTimeout = TimeSpan.FromSeconds(10);
    private readonly TelemetryDatabase _database;
    private readonly TelemetryStoreOptions _options;
    private readonly TimeProvider _time;
    private readonly ILogger _logger;
    private readonly TelemetryRingBuffer _queue;
    private readonly List<StoredRecord> _batch = new(BatchSize);
    private readonly SemaphoreSlim _turn = new(1, 1);
    private readonly SemaphoreSlim _wake = new(0);
    private readonly CancellationTokenSource _stopping = new();
    private readonly Task _writer;
    private TaskCompletionSource _hurry = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private volatile string? _failure;
    private int _isAwake;
    private int _isClosed;
    private int _unwritten;
    private long _written;
    private long _refused;
    private long _sinceTrim = TrimEvery;
    private long _trimmedAt;

    /// <summary>Makes a store in an SQLite file, which is made when the first record is written and may be shared by processes. Opens nothing yet.</summary>
    /// <param name="path">The file.</param>
    /// <param name="options">What is kept; null for the defaults.</param>
    /// <param name="time">The clock; null for the system's.</param>
    /// <param name="logger">Where warnings go; null for nowhere.</param>
    /// <exception cref="ArgumentException">An option is out of range, or there is no path.</exception>
    public TelemetryStore(string path, TelemetryStoreOptions? options = null, TimeProvider? time = null, ILogger? logger = null)
        : this(new SqliteTelemetryDatabase(string.IsNullOrWhiteSpace(path) ? throw new ArgumentException("The path of the telemetry store is empty; name a file.", nameof(path)) : path), options, time, logger)
    {
    }

    internal TelemetryStore(TelemetryDatabase database, TelemetryStoreOptions? options, TimeProvider? time, ILogger? logger)
    {
        _options = options ?? new TelemetryStoreOptions();
        if (_options.Failure() is { } failure)
        {
            throw new ArgumentException($"The options of the telemetry store are wrong: {failure}.", nameof(options));
        }

        _database = database;
        _time = time ?? TimeProvider.System;
        _logger = logger ?? NullLogger.Instance;
        _queue = new TelemetryRingBuffer(_options.QueueCapacity);
        _writer = Task.Run(WriteAsync);
    }

    /// <summary>Gets how it is.</summary>
    public TelemetryStoreStatus Status => new(Interlocked.Read(ref _written), _queue.Dropped + Interlocked.Read(ref _refused), _queue.Waiting + Volatile.Read(ref _unwritten), _failure);

    /// <summary>Takes a record to be written soon; false if it was dropped because the queue is full or the store closed. Never waits, never throws for the database's sake.</summary>
    public bool TryWrite(ExecutionRecord record)
    {
        ArgumentNullException.ThrowIfNull(record);
        if (Volatile.Read(ref _isClosed) != 0)
        {
            Interlocked.Increment(ref _refused);
            return false;
        }

        var taken = _queue.TryWrite(record);
        if (Volatile.Read(ref _isAwake) == 0 && Interlocked.Exchange(ref _isAwake, 1) == 0)
        {
            _wake.Release();
        }

        if (_queue.Waiting > _queue.Capacity / 2)
        {
            Volatile.Read(ref _hurry).TrySetResult();
        }

        return taken;
    }

    /// <summary>Writes everything taken so far, and deletes what is beyond the limits.</summary>
    /// <param name="cancellationToken">Gives up waiting; nothing is lost.</param>
    /// <exception cref="InvalidDataException">The database holds something else, or another version.</exception>
    /// <exception cref="System.Data.Common.DbException">It cannot be reached or written; what was to be written is kept, as far as the queue goes.</exception>
    /// <exception cref="ObjectDisposedException">The store is closed.</exception>
    public async Task FlushAsync(CancellationToken cancellationToken = default)
    {
        ObjectDisposedException.ThrowIf(Volatile.Read(ref _isClosed) != 0, this);
        _sinceTrim = TrimEvery;
        await DrainAsync(cancellationToken).ConfigureAwait(false);
    }

    /// <summary>Reads stored records, page by page: only what is written already and matches, in the order of writing or the opposite. A reader may be as slow as it likes.</summary>
    /// <param name="query">Which; null for all.</param>
    /// <param name="cancellationToken">Ends the reading.</param>
    /// <returns>The records; their profiles have no features.</returns>
    /// <exception cref="InvalidDataException">The database holds something else, or another version.</exception>
    /// <exception cref="System.Data.Common.DbException">It cannot be reached or read.</exception>
    public IAsyncEnumerable<ExecutionRecord> ReadAsync(TelemetryQuery? query = null, CancellationToken cancellationToken = default) =>
        _database.ReadAsync(query ?? new TelemetryQuery(), cancellationToken);

    /// <summary>Counts the stored records that match, the query's limit aside.</summary>
    /// <param name="query">Which; null for all.</param>
    /// <param name="cancellationToken">Gives up.</param>
    public Task<long> CountAsync(TelemetryQuery? query = null, CancellationToken cancellationToken = default) => _database.CountAsync(query ?? new TelemetryQuery(), cancellationToken);

    /// <summary>Writes stored records as comma-separated values (RFC 4180, UTF-8), with the columns of the database.</summary>
    /// <param name="destination">Where to; it stays open.</param>
    /// <param name="query">Which; null for all.</param>
    /// <param name="progress">Told the number of records written now and then, and at the end; or null.</param>
    /// <param name="cancellationToken">Gives up; what was written so far stays.</param>
    /// <returns>The number of records.</returns>
    public Task<long> ExportCsvAsync(Stream destination, TelemetryQuery? query = null, IProgress<long>? progress = null, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(destination);
        return CsvExport.WriteAsync(ReadAsync(query, cancellationToken), destination, progress, cancellationToken);
    }

    /// <summary>Writes what was taken and closes; what cannot be written within 10 seconds is dropped and counted.</summary>
    public async ValueTask DisposeAsync()
    {
        if (Interlocked.Exchange(ref _isClosed, 1) != 0)
        {
            return;
        }

        await _stopping.CancelAsync().ConfigureAwait(false);
        await _writer.ConfigureAwait(false);
        using var limit = new CancellationTokenSource(CloseTimeout, _time);
        try
        {
            await DrainAsync(limit.Token).ConfigureAwait(false);
        }
        catch (Exception exception)
        {
            // Said in the log if it was not yet; closing goes on.
            Failed(exception);
        }

        var lost = _batch.Count;
        while (_queue.TryRead(out _))
        {
            lost++;
        }

        _batch.Clear();
        Volatile.Write(ref _unwritten, 0);
        Interlocked.Add(ref _refused, lost);
        if (lost > 0)
        {
            Lost(lost, _database.Description);
        }

        await _database.DisposeAsync().ConfigureAwait(false);
    }

    private async Task WriteAsync()
    {
        var pause = _options.FlushInterval;
        while (true)
        {
            try
            {
                await _wake.WaitAsync(_stopping.Token).ConfigureAwait(false);
                await PauseAsync(pause).ConfigureAwait(false);
                Volatile.Write(ref _hurry, new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously));

                // From here on a record wakes the writer again.
                Volatile.Write(ref _isAwake, 0);
                await DrainAsync(_stopping.Token).ConfigureAwait(false);
                pause = _options.FlushInterval;
            }
            catch (OperationCanceledException) when (_stopping.IsCancellationRequested)
            {
                return;
            }
            catch (Exception exception)
            {
                // Whatever it is, it must not reach the host. The writer comes back, ever later.
                Failed(exception);
                pause = TimeSpan.FromTicks(Math.Clamp(2 * pause.Ticks, TimeSpan.TicksPerSecond, LongestPause.Ticks));
                if (Interlocked.Exchange(ref _isAwake, 1) == 0)
                {
                    _wake.Release();
                }
            }
        }
    }

    // A queue that fills up cuts the wait for more records short, but not the wait for a database that fails.
    private async Task PauseAsync(TimeSpan pause)
    {
        using var ended = CancellationTokenSource.CreateLinkedTokenSource(_stopping.Token);
        var wait = Task.Delay(pause, _time, ended.Token);
        await (_failure is null ? Task.WhenAny(wait, Volatile.Read(ref _hurry).Task) : wait).ConfigureAwait(false);
        await ended.CancelAsync().ConfigureAwait(false);
        _stopping.Token.ThrowIfCancellationRequested();
    }

    private async Task DrainAsync(CancellationToken cancellationToken)
    {
        await _turn.WaitAsync(cancellationToken).ConfigureAwait(false);
        try
        {
            while (true)
            {
                while (_batch.Count < BatchSize && _queue.TryRead(out var record))
                {
                    _batch.Add(new StoredRecord(Guid.CreateVersion7(_time.GetUtcNow()), record));
                }

                Volatile.Write(ref _unwritten, _batch.Count);
                if (_batch.Count == 0)
                {
                    break;
                }

                await WriteBatchAsync(cancellationToken).ConfigureAwait(false);
                _batch.Clear();
                Volatile.Write(ref _unwritten, 0);
            }

            if (_sinceTrim >= TrimEvery || (_sinceTrim > 0 && _time.GetElapsedTime(_trimmedAt) >= TrimInterval))
            {
                await _database.TrimAsync(_options, _time.GetUtcNow(), cancellationToken).ConfigureAwait(false);
                (_sinceTrim, _trimmedAt) = (0, _time.GetTimestamp());
            }

            if (_failure is not null)
            {
                _failure = null;
                Recovered(_database.Description, Status.Dropped);
            }
        }
        finally
        {
            _turn.Release();
        }
    }

    private async Task WriteBatchAsync(CancellationToken cancellationToken)
    {
        try
        {
            await _database.WriteAsync(_batch, cancellationToken).ConfigureAwait(false);
            Interlocked.Add(ref _written, _batch.Count);
        }
        catch (Exception exception) when (_database.IsFaultOfData(exception))
        {
            await WriteSinglyAsync(cancellationToken).ConfigureAwait(false);
        }

        _sinceTrim += _batch.Count;
    }

    // One record that the database refuses must not take the others along.
    private async Task WriteSinglyAsync(CancellationToken cancellationToken)
    {
        foreach (var single in _batch)
        {
            try
            {
                await _database.WriteAsync([single], cancellationToken).ConfigureAwait(false);
                Interlocked.Increment(ref _written);
            }
            catch (Exception exception) when (_database.IsFaultOfData(exception))
            {
                Interlocked.Increment(ref _refused);
                Refused(exception, single.Record.BackendId, _database.Description);
            }
        }
    }

    private void Failed(Exception exception)
    {
        var isNew = _failure is null;
        _failure = $"The telemetry store {_database.Description} cannot be written: {exception.Message}";
        if (isNew)
        {
            CannotWrite(exception, _database.Description);
        }
    }

    [LoggerMessage(Level = LogLevel.Warning, Message = "The telemetry store {Place} cannot be written; records wait and are dropped once the queue is full")]
    private partial void CannotWrite(Exception exception, string place);

    [LoggerMessage(Level = LogLevel.Information, Message = "The telemetry store {Place} can be written again; {Dropped} record(s) were dropped so far")]
    private partial void Recovered(string place, long dropped);

    [LoggerMessage(Level = LogLevel.Warning, Message = "A record of backend '{Backend}' was refused by the telemetry store {Place}")]
    private partial void Refused(Exception exception, string backend, string place);

    [LoggerMessage(Level = LogLevel.Warning, Message = "{Count} record(s) could not be written to the telemetry store {Place} before it was closed")]
    private partial void Lost(int count, string place);
}
