using System.Net;
using Microsoft.Extensions.Http.Resilience;
using Polly;
using Polly.CircuitBreaker;
using Polly.Timeout;
using PredictiveOrchestration.Common;

namespace PredictiveOrchestration.Remote;

/// <summary>
/// When a call is repeated. What may be repeated is repeated on lost connections, time-outs and the statuses of busy or broken services; what may not, only
/// where the service surely did not act: it was never reached, or said so with 429.
/// </summary>
internal sealed class RemoteRetries
{
    /// <summary>The longest pause that is honoured inside one call.</summary>
    private static readonly TimeSpan LongestPause = TimeSpan.FromMinutes(10);
    private readonly SeededRandom _random;
    private readonly Lock _lock = new();
    private readonly TimeProvider _time;
    private readonly CircuitBreakerStateProvider _state = new();
    private long _openUntil;

    public RemoteRetries(RemoteBackendOptions options)
    {
        _time = options.Time;
        _random = new SeededRandom(options.Seed, 0x72656d6f7465);
        var breaker = new HttpCircuitBreakerStrategyOptions
        {
            FailureRatio = 0.5,
            MinimumThroughput = 10,
            SamplingDuration = TimeSpan.FromSeconds(60),
            BreakDuration = TimeSpan.FromSeconds(20),
            StateProvider = _state,
            ShouldHandle = args => ValueTask.FromResult(args.Outcome.Result is { } response ? IsBroken(response.StatusCode) : args.Outcome.Exception is HttpRequestException or TimeoutRejectedException),
            OnOpened = args =>
            {
                Volatile.Write(ref _openUntil, (_time.GetUtcNow() + args.BreakDuration).UtcTicks);
                return ValueTask.CompletedTask;
            },
        };
        Pipeline = new ResiliencePipelineBuilder<HttpResponseMessage> { TimeProvider = options.Time }
            .AddRetry(new HttpRetryStrategyOptions
            {
                MaxRetryAttempts = Math.Max(1, options.MaxRetries),
                ShouldRetryAfterHeader = false,
                ShouldHandle = args => ValueTask.FromResult(ShouldRetry(args.Context, args.Outcome, args.AttemptNumber, options.MaxRetries)),
                DelayGenerator = args => ValueTask.FromResult<TimeSpan?>(Delay(args.Outcome, args.AttemptNumber)),
            })
            .AddCircuitBreaker(breaker)
            .AddTimeout(new HttpTimeoutStrategyOptions { Timeout = options.AttemptTimeout })
            .Build();
    }

    public ResiliencePipeline<HttpResponseMessage> Pipeline { get; }

    /// <summary>How long the breaker stays open, or null.</summary>
    public TimeSpan? OpenFor
    {
        get
        {
            var left = new DateTimeOffset(Volatile.Read(ref _openUntil), TimeSpan.Zero) - _time.GetUtcNow();
            return _state.CircuitState is CircuitState.Open or CircuitState.Isolated && left > TimeSpan.Zero ? left : null;
        }
    }

    /// <summary>Whether the same call may get another answer later.</summary>
    public static bool IsTransient(HttpStatusCode status) => status is HttpStatusCode.TooManyRequests or HttpStatusCode.RequestTimeout || IsBroken(status);

    /// <summary>The pause that an answer asks for. A date counts from the answer's own date, so that a wrong clock on either side does no harm.</summary>
    public static TimeSpan? RetryAfter(HttpResponseMessage response, DateTimeOffset now)
    {
        var header = response.Headers.RetryAfter;
        var pause = header?.Delta ?? (header?.Date is { } date ? date - (response.Headers.Date ?? now) : null);
        return pause is not { } p ? null : p < TimeSpan.Zero ? TimeSpan.Zero : p;
    }

    /// <summary>Spreads a pause over 75 to 125 %, so that clients do not come together.</summary>
    public TimeSpan Jitter(TimeSpan pause)
    {
        lock (_lock)
        {
            return pause * (0.75 + 0.5 * _random.NextDouble());
        }
    }

    // 520 to 529 are those of a proxy whose origin is broken.
    private static bool IsBroken(HttpStatusCode status) => (int)status is 500 or 502 or 503 or 504 or (>= 520 and <= 529);

    private static bool NeverArrived(Exception? exception) =>
        exception is BrokenCircuitException or HttpRequestException { HttpRequestError: HttpRequestError.NameResolutionError or HttpRequestError.ConnectionError or HttpRequestError.SecureConnectionError or HttpRequestError.ProxyTunnelError };

    public static RemoteFailure FailureOf(Exception exception) => NeverArrived(exception) ? RemoteFailure.NotAccepted : RemoteFailure.Unknown;

    private bool ShouldRetry(ResilienceContext context, Outcome<HttpResponseMessage> outcome, int attempt, int most)
    {
        var call = context.GetRequestMessage()?.Options.TryGetValue(RemoteTransport.CallKey, out var found) == true ? found : null;
        if (attempt >= (call?.MaxRetries ?? most))
        {
            return false;
        }

        if (outcome.Result is { } response)
        {
            return RetryAfter(response, _time.GetUtcNow()) is { } pause && pause > LongestPause ? false
                : call is { IsRepeatable: true } ? IsTransient(response.StatusCode) && !call.Accepts.Contains(response.StatusCode)
                : response.StatusCode == HttpStatusCode.TooManyRequests;
        }

        return outcome.Exception is HttpRequestException or TimeoutRejectedException or BrokenCircuitException && (call is { IsRepeatable: true } || NeverArrived(outcome.Exception));
    }

    private TimeSpan Delay(Outcome<HttpResponseMessage> outcome, int attempt)
    {
        var asked = outcome.Result is { } response ? RetryAfter(response, _time.GetUtcNow()) : outcome.Exception is BrokenCircuitException ? OpenFor : null;
        var own = TimeSpan.FromSeconds(Math.Min(30, 0.5 * Math.Pow(2, attempt)));
        return asked is { } pause ? pause + Jitter(TimeSpan.FromSeconds(0.2)) : Jitter(own);
    }
}
