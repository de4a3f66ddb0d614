using Microsoft.AspNetCore.Http;

namespace PredictiveOrchestration.AspNetCore.Http;

/// <summary>Reads bodies of requests within a limit for each and one for all together, both kept before memory is taken.</summary>
internal sealed class BodyReader(WorkerOptions options)
{
    private const int Step = 64 << 10;
    private long _inFlight;

    /// <summary>Reads a body to its end.</summary>
    /// <exception cref="ProblemException">413: it is too long; 503: too many bytes are being read at this moment.</exception>
    public async Task<byte[]> ReadAsync(HttpContext context)
    {
        var request = context.Request;
        if (request.ContentLength > options.MaxRequestBytes)
        {
            throw TooLong();
        }

        if (context.Features.Get<Microsoft.AspNetCore.Http.Features.IHttpMaxRequestBodySizeFeature>() is { IsReadOnly: false } limit)
        {
            limit.MaxRequestBodySize = options.MaxRequestBytes;
        }

        var booked = 0L;
        try
        {
            var buffer = Grow([], 0, (int)(request.ContentLength ?? Step), ref booked);
            var length = 0;
            while (true)
            {
                if (length == buffer.Length)
                {
                    if (length >= options.MaxRequestBytes)
                    {
                        // One more byte would be too many; the end is welcome.
                        return await request.Body.ReadAsync(new byte[1], context.RequestAborted).ConfigureAwait(false) == 0 ? buffer : throw TooLong();
                    }

                    if (length == request.ContentLength)
                    {
                        return buffer;
                    }

                    buffer = Grow(buffer, length, (int)Math.Min(options.MaxRequestBytes, Math.Max(Step, 2L * length)), ref booked);
                }

                var read = await request.Body.ReadAsync(buffer.AsMemory(length), context.RequestAborted).ConfigureAwait(false);
                if (read == 0)
                {
                    return length == buffer.Length ? buffer : buffer[..length];
                }

                length += read;
            }
        }
        catch (BadHttpRequestException exception) when (exception.StatusCode == StatusCodes.Status413PayloadTooLarge)
        {
            throw TooLong();
        }
        finally
        {
            Interlocked.Add(ref _inFlight, -booked);
        }
    }

    private byte[] Grow(byte[] buffer, int used, int size, ref long booked)
    {
        if (Interlocked.Add(ref _inFlight, size) > options.MaxBytesInFlight)
        {
            Interlocked.Add(ref _inFlight, -size);
            throw new ProblemException(503, "busy", "The worker is reading as much as it may at this moment. Try again soon.") { RetryAfter = TimeSpan.FromSeconds(1) };
        }

        booked += size;
        var grown = new byte[size];
        buffer.AsSpan(0, used).CopyTo(grown);
        return grown;
    }

    private ProblemException TooLong() => new(StatusCodes.Status413PayloadTooLarge, "body-too-large", $"The body is longer than the {options.MaxRequestBytes} bytes that are read. Split the job, or raise WorkerOptions.MaxRequestBytes.");
}
