using Amazon.Runtime;
using PredictiveOrchestration.Costs;
using PredictiveOrchestration.Remote;

namespace PredictiveOrchestration.Aws;

/// <summary>
/// How to reach Amazon Braket. <see cref="RemoteBackendOptions.Target"/> is the ARN of a device, such as
/// <c>arn:aws:braket:::device/quantum-simulator/amazon/sv1</c>; <see cref="RemoteBackendOptions.Credential"/> is not used, <see cref="Credentials"/> is.
/// </summary>
public sealed record BraketOptions : RemoteBackendOptions
{
    /// <summary>Gets the S3 bucket of your account into which Braket writes results, by convention one whose name begins with <c>amazon-braket-</c>.</summary>
    public string ResultBucket { get; init; } = string.Empty;

    /// <summary>Gets the folder in the bucket; default <c>tasks</c>.</summary>
    public string ResultPrefix { get; init; } = "tasks";

    /// <summary>
    /// Gets the credentials; null (default) for those that AWS's SDK finds: environment variables (<c>AWS_ACCESS_KEY_ID</c> and so on), the profile named by
    /// <c>AWS_PROFILE</c>, single sign-on, the role of the container or machine. They are asked for at every attempt, so that renewed ones are used.
    /// </summary>
    public AWSCredentials? Credentials { get; init; }

    /// <summary>Gets the region; null (default) for the device's own, and <c>us-east-1</c> for simulators, which every region has.</summary>
    public string? Region { get; init; }

    /// <summary>Gets the service's address; null (default) for that of the region.</summary>
    public Uri? Endpoint { get; init; }

    /// <summary>Gets the address of S3; null (default) for that of the region.</summary>
    public Uri? StorageEndpoint { get; init; }

    /// <summary>Gets the number of qubits; null (default) for the published one of the simulators SV1, DM1 and TN1, and of IonQ Forte.</summary>
    public int? MaxQubits { get; init; }

    /// <summary>
    /// Gets the price of the device, from <see cref="PriceList"/> or your contract; null (default) if it is not known here. Braket says neither before nor
    /// after what a task costs, so both are reckoned by it.
    /// </summary>
    public PriceModel? Price { get; init; }

    /// <summary>The region in the device's ARN; empty for simulators.</summary>
    internal string DeviceRegion => Target.Split(':') is { Length: > 3 } parts ? parts[3] : string.Empty;

    internal string RegionName => Region ?? (DeviceRegion.Length > 0 ? DeviceRegion : "us-east-1");

    internal Uri Address => Endpoint ?? new Uri($"https://braket.{RegionName}.amazonaws.com/");

    internal bool IsDevice => !Target.Contains("/quantum-simulator/", StringComparison.Ordinal);

    /// <summary>What is wrong with the values that only this record has.</summary>
    internal IEnumerable<string> Failures()
    {
        if (!Target.StartsWith("arn:aws", StringComparison.Ordinal) || !Target.Contains(":device/", StringComparison.Ordinal))
        {
            yield return $"Target is '{Target}'; accepted is the ARN of a device, arn:aws:braket:REGION::device/…";
        }

        if (RegionName.Length is 0 or > 40 || !RegionName.All(c => char.IsAsciiLetterLower(c) || char.IsAsciiDigit(c) || c == '-'))
        {
            yield return $"Region is '{RegionName}'; accepted is a name such as us-east-1";
        }
        else if (DeviceRegion.Length > 0 && RegionName != DeviceRegion)
        {
            yield return $"Region is '{Region}', but the device takes tasks in its own, '{DeviceRegion}', only";
        }

        if (ResultBucket.Length is < 3 or > 63)
        {
            yield return $"ResultBucket is '{ResultBucket}'; accepted is the name of an S3 bucket, 3 to 63 characters";
        }

        if (StorageEndpoint is { } storage && !(storage.IsAbsoluteUri && RemoteAddress.IsSafe(storage)))
        {
            yield return "StorageEndpoint is neither https nor on this machine";
        }

        if (Credential is not null)
        {
            yield return "Credential is not used by Amazon Braket; give Credentials";
        }
    }
}
