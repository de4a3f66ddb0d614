using System.Diagnostics;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text.RegularExpressions;
using PredictiveOrchestration.TestKit;

namespace PredictiveOrchestration.Tests.Samples;

/// <summary>The sample as a user runs it: two processes, one command each.</summary>
public sealed class RemoteWorkerTests : IDisposable
{
    private const string Key = "team-a-0123456789abcdef";
    private readonly Dictionary<string, string> _environment = [];
    private readonly string _folder = Directory.CreateTempSubdirectory("remote-worker-").FullName;

    [Theory]
    [InlineData("http")]
    [InlineData("https")]
    public async Task ServeAndRun_WithAKey_RunTheCircuitOnTheWorker(string scheme)
    {
        if (scheme == "https")
        {
            await CertifyAsync();
        }

        // Asymmetric: bits 0 and 3 are set.
        var file = Path.Combine(_folder, "bits.qasm");
        await File.WriteAllTextAsync(file, "OPENQASM 3.0; include \"stdgates.inc\"; qubit[5] q; bit[5] c; x q[0]; x q[3]; c = measure q;");
        using var server = Start(["serve", "--urls", $"{scheme}://127.0.0.1:0", "--db", Path.Combine(_folder, "jobs.db"), "--no-calibration", "--concurrency", "1", "--dashboard"], Key);
        try
        {
            string url = string.Empty;
            while (url.Length == 0)
            {
                var line = await server.StandardOutput.ReadLineAsync() ?? throw new InvalidOperationException(await server.StandardError.ReadToEndAsync());
                url = Regex.Match(line, "listening on: (https?://127.0.0.1:\\d+)").Groups[1].Value;
            }

            var served = await RunAsync(["run", file, "--worker", url, "--shots", "64", "--seed", "5", "--remote"], Key);
            served.Status.Should().Be(0, served.Output);
            served.Output.Should().Contain("ran on worker").And.MatchRegex(@"(?m)^01001  64\r?$");
            if (scheme == "https")
            {
                return;
            }

            var byOption = await RunAsync(["run", file, "--worker", url, "--shots", "10", "--remote", "--api-key", Key], null);
            byOption.Output.Should().MatchRegex(@"(?m)^01001  10\r?$");
            var refused = await RunAsync(["run", file, "--worker", url], null);
            refused.Status.Should().Be(1);
            refused.Output.Should().Contain("401").And.NotContain(Key);
        }
        finally
        {
            server.Kill(entireProcessTree: true);
            await server.WaitForExitAsync();
        }
    }

    [Theory]
    [InlineData(2, "serve", "--urls", "nowhere")]
    [InlineData(2, "serve", "--urls", "http://127.0.0.1:0", "--concurrency", "0")]
    [InlineData(1, "serve", "--urls", "http://0.0.0.0:0", "--no-calibration")]
    [InlineData(1, "serve", "--urls", "http://127.0.0.1:0", "--api-key", "short")]
    [InlineData(1, "serve", "--urls", "http://127.0.0.1:0", "--noise", "missing.json")]
    [InlineData(2, "run", "--worker", "http://127.0.0.1:1")]
    [InlineData(2, "run", "x.qasm")]
    [InlineData(2, "dance")]
    public async Task WrongUse_SaysWhatIsWrongAndEnds(int status, params string[] arguments)
    {
        var ended = await RunAsync(arguments, null);

        ended.Status.Should().Be(status, ended.Output);
        ended.Output.Should().NotBeEmpty().And.NotContain("   at ", "a message is no stack");
    }

    // As docs/remote.md says it, for the environment of both processes.
    private async Task CertifyAsync()
    {
        using var key = RSA.Create(2048);
        var request = new CertificateRequest("CN=worker", key, HashAlgorithmName.SHA256, RSASignaturePadding.Pkcs1);
        var names = new SubjectAlternativeNameBuilder();
        names.AddIpAddress(System.Net.IPAddress.Loopback);
        request.CertificateExtensions.Add(names.Build());
        request.CertificateExtensions.Add(new X509BasicConstraintsExtension(true, false, 0, true));
        using var certificate = request.CreateSelfSigned(DateTimeOffset.UtcNow.AddDays(-1), DateTimeOffset.UtcNow.AddDays(1));
        var (path, keyPath) = (Path.Combine(_folder, "cert.pem"), Path.Combine(_folder, "key.pem"));
        await File.WriteAllTextAsync(path, certificate.ExportCertificatePem());
        await File.WriteAllTextAsync(keyPath, key.ExportPkcs8PrivateKeyPem());
        (_environment["Kestrel__Certificates__Default__Path"], _environment["Kestrel__Certificates__Default__KeyPath"], _environment["SSL_CERT_FILE"]) = (path, keyPath, path);
    }

    public void Dispose() => Directory.Delete(_folder, true);

    private Process Start(string[] arguments, string? key)
    {
        // Built with these tests, in the same configuration.
        var program = Path.Combine(SharedFiles.RepositoryRoot, ".artifacts", "bin", "RemoteWorker", new DirectoryInfo(AppContext.BaseDirectory).Name, "RemoteWorker.dll");
        var start = new ProcessStartInfo("dotnet", [program, .. arguments]) { RedirectStandardOutput = true, RedirectStandardError = true, WorkingDirectory = _folder };
        start.Environment["HOME"] = _folder;
        start.Environment["WORKER_API_KEY"] = key ?? string.Empty;
        foreach (var (name, value) in _environment)
        {
            start.Environment[name] = value;
        }

        return Process.Start(start)!;
    }

    private async Task<(int Status, string Output)> RunAsync(string[] arguments, string? key)
    {
        using var process = Start(arguments, key);
        using var limit = new CancellationTokenSource(TimeSpan.FromMinutes(10));
        try
        {
            var (output, error) = (process.StandardOutput.ReadToEndAsync(), process.StandardError.ReadToEndAsync());
            await process.WaitForExitAsync(limit.Token);
            return (process.ExitCode, await output + await error);
        }
        finally
        {
            if (!process.HasExited)
            {
                process.Kill(entireProcessTree: true);
            }
        }
    }
}
