using System.Net;
using Microsoft.AspNetCore.Http;

namespace PredictiveOrchestration.AspNetCore.Access;

/// <summary>Says whether a request comes from this machine.</summary>
internal static class LocalCaller
{
    /// <summary>Whether it came from this machine by a name of this machine (so that no web page can have a browser do it), and not through a proxy.</summary>
    public static bool Is(HttpContext context)
    {
        // A test server has no address; what it serves never left the process.
        var address = context.Connection.RemoteIpAddress;
        var host = context.Request.Host.Host;
        return (address is null || IPAddress.IsLoopback(address))
            && (host is "localhost" or "" || (IPAddress.TryParse(host.Trim('[', ']'), out var named) && IPAddress.IsLoopback(named)))
            && !context.Request.Headers.ContainsKey("X-Forwarded-For") && !context.Request.Headers.ContainsKey("Forwarded");
    }
}
