using System.Globalization;
using System.Text;

namespace PredictiveOrchestration.AspNetCore.Dashboard;

/// <summary>
/// The latest messages, numbered, as bytes of a server-sent event stream, for clients that come back. A number counts within one life of the server, whose name goes before it. Not thread-safe.
/// </summary>
internal sealed class MessageHistory(string epoch, int maxBytes)
{
    private readonly Queue<(long Number, ReadOnlyMemory<byte> Message)> _kept = new();
    private long _bytes;
    private long _last;

    /// <summary>The name of the latest message.</summary>
    public string LastId => string.Create(CultureInfo.InvariantCulture, $"{epoch}-{_last}");

    /// <summary>Writes a message down under the next number.</summary>
    public ReadOnlyMemory<byte> Add(string kind, ReadOnlySpan<byte> json)
    {
        _last++;
        var message = Frame(kind, json, LastId);
        _kept.Enqueue((_last, message));
        _bytes += message.Length;
        while (_bytes > maxBytes && _kept.Count > 1)
        {
            _bytes -= _kept.Dequeue().Message.Length;
        }

        return message;
    }

    /// <summary>What a client has missed whose last message was <paramref name="lastId"/>; null if that cannot be told any more.</summary>
    public IReadOnlyList<ReadOnlyMemory<byte>>? Since(string? lastId)
    {
        if (lastId is not { Length: <= 64 } || lastId.LastIndexOf('-') is var dash && (dash < 0 || !lastId.AsSpan(0, dash).SequenceEqual(epoch))
            || !long.TryParse(lastId.AsSpan(dash + 1), NumberStyles.None, CultureInfo.InvariantCulture, out var number)
            || number > _last || number < (_kept.TryPeek(out var oldest) ? oldest.Number - 1 : _last))
        {
            return null;
        }

        return [.. _kept.Where(k => k.Number > number).Select(k => k.Message)];
    }

    /// <summary>A message of the stream. JSON has no line breaks, so that one data line holds it.</summary>
    /// <param name="kind">The kind.</param>
    /// <param name="json">What it says.</param>
    /// <param name="id">Where the client goes on from if it comes back; null to leave that as it is.</param>
    public static ReadOnlyMemory<byte> Frame(string kind, ReadOnlySpan<byte> json, string? id)
    {
        var head = Encoding.ASCII.GetBytes($"{(id is null ? string.Empty : $"id: {id}\n")}event: {kind}\ndata: ");
        var message = new byte[head.Length + json.Length + 2];
        head.CopyTo(message, 0);
        json.CopyTo(message.AsSpan(head.Length));
        "\n\n"u8.CopyTo(message.AsSpan(^2..));
        return message;
    }
}
