using System.Text;

namespace PredictiveOrchestration.TestKit.Remote;

/// <summary>A request as a service sees it.</summary>
public sealed record FakeRequest(string Method, string Path, IReadOnlyDictionary<string, string> Query, IReadOnlyDictionary<string, string> Headers, string Body)
{
    public string RawTarget { get; init; } = string.Empty;
}

/// <summary>What a service answers.</summary>
public sealed record FakeReply(int Status, string Body = "", string ContentType = "application/json")
{
    public List<(string Name, string Value)> Headers { get; } = [];

    public FakeReply With(string name, string value)
    {
        Headers.Add((name, value));
        return this;
    }
}

/// <summary>What goes wrong with a call.</summary>
public enum FaultKind
{
    /// <summary>The service answers something else, and does nothing.</summary>
    Refuse,

    /// <summary>The request never arrives.</summary>
    LoseRequest,

    /// <summary>The service does it, and the connection dies before the answer.</summary>
    LoseAnswer,

    /// <summary>The service does it, and something in between answers something else.</summary>
    ReplaceAnswer,

    /// <summary>The service does it, and half of the answer's text arrives as if it were the whole.</summary>
    Truncate,

    /// <summary>The service does it, and the connection dies in the middle of the answer.</summary>
    BreakOff,

    /// <summary>The service does it, and the answer comes a byte a second.</summary>
    Drip,
}

/// <summary>One line of a fault script.</summary>
public sealed record Fault(FaultKind Kind, Func<FakeRequest, bool> When, int Times = 1, FakeReply? Reply = null)
{
    public int Left { get; set; } = Times;
}

/// <summary>A service in memory with a script of faults. One call at a time.</summary>
public abstract class ScriptedService(TimeProvider time)
{
    private readonly Lock _lock = new();
    private readonly List<(double Rate, FaultKind Kind, FakeReply? Reply)> _random = [];
    private Random _dice = new(0);

    public TimeProvider Time { get; } = time;

    /// <summary>How far the service's clock is ahead.</summary>
    public TimeSpan ClockSkew { get; set; }

    public List<Fault> Faults { get; } = [];

    public List<FakeRequest> Calls { get; } = [];

    /// <summary>Calls that went wrong.</summary>
    public int FaultCount { get; private set; }

    public DateTimeOffset Now => Time.GetUtcNow() + ClockSkew;

    /// <summary>Faults at random, of every call.</summary>
    public void Randomly(int seed, params (double Rate, FaultKind Kind, FakeReply? Reply)[] faults)
    {
        _dice = new Random(seed);
        _random.AddRange(faults);
    }

    public int Count(string method, string pathEnd) => Calls.Count(c => c.Method == method && c.Path.EndsWith(pathEnd, StringComparison.Ordinal));

    public (FakeReply? Reply, FaultKind? Fault) Answer(FakeRequest request)
    {
        lock (_lock)
        {
            Calls.Add(request);
            var fault = Faults.FirstOrDefault(f => f.Left > 0 && f.When(request));
            if (fault is not null)
            {
                fault.Left--;
            }
            else
            {
                foreach (var (rate, kind, reply) in _random)
                {
                    if (_dice.NextDouble() < rate)
                    {
                        fault ??= new Fault(kind, _ => true, 1, reply);
                    }
                }
            }

            FaultCount += fault is null ? 0 : 1;
            if (fault is { Kind: FaultKind.Refuse or FaultKind.LoseRequest })
            {
                return (fault.Kind == FaultKind.Refuse ? fault.Reply : null, fault.Kind);
            }

            var answer = Handle(request);
            return fault?.Kind switch
            {
                FaultKind.LoseAnswer => (null, fault.Kind),
                FaultKind.ReplaceAnswer => (fault.Reply, fault.Kind),
                FaultKind.Truncate => (answer with { Body = answer.Body[..(answer.Body.Length / 2)] }, fault.Kind),
                var kind => (answer, kind),
            };
        }
    }

    /// <summary>A handler that answers without sockets, on the caller's thread.</summary>
    public HttpMessageHandler Handler() => new InMemory(this);

    protected abstract FakeReply Handle(FakeRequest request);

    private sealed class InMemory(ScriptedService service) : HttpMessageHandler
    {
        protected override async Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken)
        {
            cancellationToken.ThrowIfCancellationRequested();
            var body = request.Content is null ? string.Empty : Encoding.UTF8.GetString(await request.Content.ReadAsByteArrayAsync(cancellationToken).ConfigureAwait(false));
            var headers = request.Headers.Concat(request.Content?.Headers.AsEnumerable() ?? []).ToDictionary(h => h.Key, h => string.Join(",", h.Value), StringComparer.OrdinalIgnoreCase);
            headers["Host"] = request.RequestUri!.Authority;
            var query = Query(request.RequestUri.Query);
            var (reply, fault) = service.Answer(new FakeRequest(request.Method.Method, Uri.UnescapeDataString(request.RequestUri.AbsolutePath), query, headers, body) { RawTarget = request.RequestUri.PathAndQuery });
            if (reply is null)
            {
                throw new HttpRequestException(HttpRequestError.ResponseEnded, "The connection died.");
            }

            var bytes = Encoding.UTF8.GetBytes(reply.Body);
            var response = new HttpResponseMessage((System.Net.HttpStatusCode)reply.Status)
            {
                RequestMessage = request,
                Content = fault switch
                {
                    FaultKind.Drip => new StreamContent(new Trickle(bytes, service.Time, false)),
                    FaultKind.BreakOff => new StreamContent(new Trickle(bytes[..(bytes.Length / 2)], null, true)),
                    _ => new ByteArrayContent(bytes),
                },
            };
            response.Content.Headers.TryAddWithoutValidation("Content-Type", reply.ContentType);
            response.Headers.Date = service.Now;
            reply.Headers.ForEach(h => response.Headers.TryAddWithoutValidation(h.Name, h.Value));
            return response;
        }
    }

    internal static Dictionary<string, string> Query(string text) => text.TrimStart('?').Split('&', StringSplitOptions.RemoveEmptyEntries)
        .Select(p => p.Split('=', 2)).ToDictionary(p => Uri.UnescapeDataString(p[0]), p => p.Length > 1 ? Uri.UnescapeDataString(p[1]) : string.Empty);

    private sealed class Trickle(byte[] bytes, TimeProvider? slow, bool breaks) : Stream
    {
        private int _at;

        public override bool CanRead => true;

        public override bool CanSeek => false;

        public override bool CanWrite => false;

        public override long Length => throw new NotSupportedException();

        public override long Position { get => _at; set => throw new NotSupportedException(); }

        public override async ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default)
        {
            if (_at == bytes.Length)
            {
                return breaks ? throw new IOException("The connection died in the middle of the answer.") : 0;
            }

            if (slow is not null)
            {
                await Task.Delay(TimeSpan.FromSeconds(1), slow, cancellationToken).ConfigureAwait(false);
            }

            buffer.Span[0] = bytes[_at++];
            return 1;
        }

        public override int Read(byte[] buffer, int offset, int count) => throw new NotSupportedException();

        public override void Flush()
        {
        }

        public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

        public override void SetLength(long value) => throw new NotSupportedException();

        public override void Write(byte[] buffer, int offset, int count) => throw new NotSupportedException();
    }
}
