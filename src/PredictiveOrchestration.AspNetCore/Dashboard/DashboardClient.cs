using System.Threading.Channels;

namespace PredictiveOrchestration.AspNetCore.Dashboard;

/// <summary>One open connection: what waits for it is bounded, and one that falls behind is let go. Thread-safe.</summary>
internal sealed class DashboardClient : IDisposable
{
    private readonly Channel<ReadOnlyMemory<byte>> _messages;
    private readonly CancellationTokenSource _dropped = new();
    private readonly Action<DashboardClient> _left;

    public DashboardClient(int capacity, Action<DashboardClient> left)
    {
        _messages = Channel.CreateBounded<ReadOnlyMemory<byte>>(new BoundedChannelOptions(capacity) { SingleReader = true });
        _left = left;
    }

    public ChannelReader<ReadOnlyMemory<byte>> Messages => _messages.Reader;

    /// <summary>Is cancelled when the client has fallen behind: a write that waits for it is given up.</summary>
    public CancellationToken Dropped => _dropped.Token;

    /// <summary>Puts a message in line; false if there is no room, and the client is dropped.</summary>
    public bool TrySend(ReadOnlyMemory<byte> message)
    {
        if (_messages.Writer.TryWrite(message))
        {
            return true;
        }

        _messages.Writer.TryComplete();
        _dropped.Cancel();
        return false;
    }

    /// <summary>No more messages come; those that wait are still sent.</summary>
    public void Complete() => _messages.Writer.TryComplete();

    public void Dispose()
    {
        _left(this);
        Complete();
    }
}
