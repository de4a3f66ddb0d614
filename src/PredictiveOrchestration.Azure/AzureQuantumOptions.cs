using Azure.Core;
using PredictiveOrchestration.Costs;
using PredictiveOrchestration.Remote;

namespace PredictiveOrchestration.Azure;

/// <summary>
/// How to reach a workspace of Azure Quantum. <see cref="RemoteBackendOptions.Target"/> is a target of IonQ, Quantinuum or Rigetti, such as <c>ionq.simulator</c>;
/// <see cref="RemoteBackendOptions.Credential"/> is an access key of the workspace, if you use one instead of <see cref="Identity"/>.
/// </summary>
public sealed record AzureQuantumOptions : RemoteBackendOptions
{
    /// <summary>Gets the id of the subscription.</summary>
    public string SubscriptionId { get; init; } = string.Empty;

    /// <summary>Gets the name of the resource group.</summary>
    public string ResourceGroup { get; init; } = string.Empty;

    /// <summary>Gets the name of the workspace.</summary>
    public string Workspace { get; init; } = string.Empty;

    /// <summary>Gets the location of the workspace, such as <c>westeurope</c>; not needed with <see cref="Endpoint"/>.</summary>
    public string Location { get; init; } = string.Empty;

    /// <summary>Gets the service's address; null (default) for that of the location, <c>https://LOCATION.quantum.azure.com/</c>.</summary>
    public Uri? Endpoint { get; init; }

    /// <summary>
    /// Gets the identity that calls are made with; null (default) for the access key in <see cref="RemoteBackendOptions.Credential"/>, or without one for
    /// what Azure.Identity's <c>DefaultAzureCredential</c> finds: environment variables, a managed identity, the tools that you are signed in with.
    /// </summary>
    public TokenCredential? Identity { get; init; }

    /// <summary>Gets the version of the interface; default 2026-01-15-preview.</summary>
    public string ApiVersion { get; init; } = "2026-01-15-preview";

    /// <summary>Gets the number of qubits of the target; null (default) for the published one.</summary>
    public int? MaxQubits { get; init; }

    /// <summary>Gets the price of the target, from <see cref="PriceList"/> or your contract, for what a job will cost; null (default) if it is not known here. What it did cost, the service says.</summary>
    public PriceModel? Price { get; init; }

    internal Uri Address => new(
        Endpoint ?? new Uri($"https://{(Location.Length > 0 ? Location : "location-is-missing")}.quantum.azure.com/"),
        $"/subscriptions/{Uri.EscapeDataString(SubscriptionId)}/resourceGroups/{Uri.EscapeDataString(ResourceGroup)}/providers/Microsoft.Quantum/workspaces/{Uri.EscapeDataString(Workspace)}/");

    internal string Provider => Target.Split('.')[0];

    /// <summary>Takes the parts of a connection string, as the portal shows it: subscription, resource group, workspace, address and access key.</summary>
    /// <param name="connectionString"><c>SubscriptionId=…;ResourceGroupName=…;WorkspaceName=…;ApiKey=…;QuantumEndpoint=…;</c>.</param>
    /// <exception cref="ArgumentException">Parts are missing; the message names each, and no value.</exception>
    public static AzureQuantumOptions FromConnectionString(string connectionString)
    {
        ArgumentException.ThrowIfNullOrWhiteSpace(connectionString);
        var parts = new Dictionary<string, string>(StringComparer.OrdinalIgnoreCase);
        foreach (var part in connectionString.Split(';', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries))
        {
            if (part.Split('=', 2) is [var name, { Length: > 0 } value])
            {
                parts[name] = value;
            }
        }

        string[] needed = ["SubscriptionId", "ResourceGroupName", "WorkspaceName", "ApiKey", "QuantumEndpoint"];
        var missing = needed.Where(n => !parts.ContainsKey(n)).ToList();
        if (missing.Count > 0 || !Uri.TryCreate(parts["QuantumEndpoint"], UriKind.Absolute, out var endpoint))
        {
            throw new ArgumentException(missing.Count > 0 ? $"The connection string does not hold {string.Join(", ", missing)}." : "The QuantumEndpoint of the connection string is no address.", nameof(connectionString));
        }

        return new AzureQuantumOptions
        {
            SubscriptionId = parts["SubscriptionId"],
            ResourceGroup = parts["ResourceGroupName"],
            Workspace = parts["WorkspaceName"],
            Endpoint = endpoint,
            Credential = RemoteCredential.FromSecret(parts["ApiKey"]),
        };
    }

    /// <summary>What is wrong with the values that only this record has.</summary>
    internal IEnumerable<string> Failures()
    {
        foreach (var (name, value) in ((string, string)[])[(nameof(SubscriptionId), SubscriptionId), (nameof(ResourceGroup), ResourceGroup), (nameof(Workspace), Workspace), (nameof(ApiVersion), ApiVersion)])
        {
            if (string.IsNullOrWhiteSpace(value))
            {
                yield return $"{name} is empty";
            }
        }

        if (Endpoint is null && (Location.Length == 0 || !Location.All(c => char.IsAsciiLetterOrDigit(c) || c == '-')))
        {
            yield return $"Location is '{Location}'; accepted is a name such as westeurope, or give Endpoint";
        }

        if (Identity is not null && Credential is not null)
        {
            yield return "Identity and Credential are both given; one is used only";
        }

        if (AzureFormat.Of(Provider) is null)
        {
            yield return $"Target is '{Target}'; accepted are targets of ionq, quantinuum and rigetti, those of others take QIR only";
        }
    }
}
