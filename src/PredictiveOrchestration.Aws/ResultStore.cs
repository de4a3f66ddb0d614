using System.Net;
using System.Text;
using Amazon;
using Amazon.Runtime;
using Amazon.S3;
using PredictiveOrchestration.Common;
using PredictiveOrchestration.Backends;
using PredictiveOrchestration.Remote;

namespace PredictiveOrchestration.Aws;

/// <summary>Reads results from S3: within the limit of answers, without redirects; repeated by whoever asks, not here.</summary>
internal sealed class ResultStore(string backendId, BraketOptions options, CredentialSource credentials) : IDisposable
{
    private readonly Lock _lock = new();
    private ClientFactory? _handlers;
    private AmazonS3Client? _client;

    /// <summary>Reads an object that is JSON.</summary>
    /// <exception cref="RemoteCallException">It cannot be read, or not yet.</exception>
    /// <exception cref="System.Text.Json.JsonException">It is no whole JSON text.</exception>
    public async Task<string> ReadAsync(string bucket, string key, CancellationToken cancellationToken)
    {
        using var late = new CancellationTokenSource(options.AttemptTimeout, options.Time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken, late.Token);
        byte[] body;
        try
        {
            using var answer = await Client().GetObjectAsync(bucket, key, either.Token).ConfigureAwait(false);
            body = await ReadAsync(answer.ResponseStream, answer.ContentLength, either.Token).ConfigureAwait(false);
        }
        catch (Exception exception) when (exception is not RemoteCallException && !cancellationToken.IsCancellationRequested)
        {
            throw Failed(exception, bucket);
        }

        // Half a text must not pass for the result.
        JsonReading.Parse(body);
        return Encoding.UTF8.GetString(body);
    }

    public void Dispose()
    {
        _client?.Dispose();
        _handlers?.Dispose();
    }

    private AmazonS3Client Client()
    {
        lock (_lock)
        {
            if (_client is null)
            {
                _handlers = new ClientFactory(options.Handler, backendId);
                var config = new AmazonS3Config { MaxErrorRetry = 0, Timeout = Timeout.InfiniteTimeSpan, HttpClientFactory = _handlers, AllowAutoRedirect = false };
                if (options.StorageEndpoint is { } address)
                {
                    (config.ServiceURL, config.ForcePathStyle, config.AuthenticationRegion) = (address.AbsoluteUri, true, options.RegionName);
                }
                else
                {
                    config.RegionEndpoint = RegionEndpoint.GetBySystemName(options.RegionName);
                }

                _client = new AmazonS3Client(credentials.Credentials, config);
            }

            return _client;
        }
    }

    private async Task<byte[]> ReadAsync(Stream stream, long length, CancellationToken cancellationToken)
    {
        using var body = new MemoryStream();
        var buffer = new byte[16 << 10];
        int read;
        while ((read = await stream.ReadAsync(buffer, cancellationToken).ConfigureAwait(false)) > 0)
        {
            if (length > options.MaxResponseBytes || body.Length + read > options.MaxResponseBytes)
            {
                throw new RemoteCallException(BackendErrorKind.Fault, backendId, $"The result is longer than the {options.MaxResponseBytes} bytes that are read. Raise MaxResponseBytes if that is right.", RemoteFailure.Unknown, null);
            }

            body.Write(buffer, 0, read);
        }

        return body.ToArray();
    }

    private RemoteCallException Failed(Exception exception, string bucket)
    {
        var service = exception as AmazonServiceException;
        var status = service is { StatusCode: not 0 } ? service.StatusCode : (HttpStatusCode?)null;
        if (service?.ErrorCode is "ExpiredToken" or "InvalidToken" or "TokenRefreshRequired")
        {
            // Asked again with fresh credentials.
            credentials.Drop();
            status = null;
        }

        var hint = status == HttpStatusCode.Forbidden ? " The credentials need s3:GetObject and s3:ListBucket there." : string.Empty;
        var kind = status is { } s && (int)s < 500 && s != HttpStatusCode.TooManyRequests ? BackendErrorKind.Fault : BackendErrorKind.Unavailable;
        return new RemoteCallException(
            kind, backendId, $"Reading the result from the bucket '{bucket}' failed: {service?.ErrorCode ?? exception.GetType().Name} ({(int?)status ?? 0}).{hint}", RemoteFailure.NotAccepted, status, exception);
    }

    // The SDK's own client factory would keep clients for all of the process.
    private sealed class ClientFactory(HttpMessageHandler? given, string backendId) : HttpClientFactory, IDisposable
    {
        private readonly SocketsHttpHandler? _owned = given is null ? new SocketsHttpHandler { AllowAutoRedirect = false, UseCookies = false, ConnectTimeout = TimeSpan.FromSeconds(15), PooledConnectionLifetime = TimeSpan.FromMinutes(5) } : null;

        public override HttpClient CreateHttpClient(IClientConfig clientConfig) => new(new NoRedirects(given ?? _owned!, backendId), disposeHandler: false) { Timeout = Timeout.InfiniteTimeSpan };

        public override bool UseSDKHttpClientCaching(IClientConfig clientConfig) => false;

        public void Dispose() => _owned?.Dispose();
    }

    // The SDK would follow a redirect to another host, and send its signature there.
    private sealed class NoRedirects(HttpMessageHandler inner, string backendId) : DelegatingHandler(inner)
    {
        protected override async Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken)
        {
            var answer = await base.SendAsync(request, cancellationToken).ConfigureAwait(false);
            if ((int)answer.StatusCode is < 300 or >= 400)
            {
                return answer;
            }

            answer.Dispose();
            throw new RemoteCallException(
                BackendErrorKind.Fault, backendId, "S3 sent the call on to another address; that is not followed. The bucket may be in another region: set Region.", RemoteFailure.NotAccepted, answer.StatusCode);
        }
    }
}
