using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using PredictiveOrchestration.AspNetCore;
using PredictiveOrchestration.DependencyInjection;
using PredictiveOrchestration.Noise;
using PredictiveOrchestration.Simulation.Noisy;

namespace RemoteWorker;

/// <summary>Serves jobs until it is stopped.</summary>
internal static class ServeCommand
{
    public static async Task<int> RunAsync(Arguments arguments)
    {
        var urls = arguments.Url("--urls");
        var builder = WebApplication.CreateSlimBuilder();
        builder.WebHost.UseUrls(urls.ToString()).UseKestrelHttpsConfiguration();
        builder.Logging.SetMinimumLevel(LogLevel.Warning);
        builder.Logging.AddFilter("Microsoft.Hosting.Lifetime", LogLevel.Information);

        // Why it does not start is said below, in one line.
        builder.Logging.AddFilter("Microsoft.Extensions.Hosting.Internal.Host", LogLevel.None);
        try
        {
            builder.Services.AddPredictiveOrchestration(o => o.Configure(c =>
            {
                c.CalibrationBudget = arguments.Has("--no-calibration") ? TimeSpan.Zero : c.CalibrationBudget;
                c.StopTimeout = TimeSpan.FromSeconds(5);
            }));
            builder.Services.AddPredictiveOrchestrationWorker(o =>
            {
                o.DatabasePath = arguments.Value("--db") ?? o.DatabasePath;
                o.MaxConcurrency = arguments.Integer("--concurrency", o.MaxConcurrency, 1, 1024);
                foreach (var file in arguments.Values("--noise"))
                {
                    o.NoisyDevices.Add(NoisySimulatorOptions.For(ReadCalibration(file)));
                }

                // A key on the command line is seen by everybody on this machine.
                string[] keys = [.. arguments.Values("--api-key")];
                keys = keys.Length == 0 && Environment.GetEnvironmentVariable("WORKER_API_KEY") is { Length: > 0 } kept ? [kept] : keys;
                foreach (var (key, i) in keys.Select((k, i) => (k, i)))
                {
                    o.ApiKeys.Add(WorkerApiKey.FromText($"key-{i + 1}", key));
                }
            });
            await using var app = builder.Build();
            app.MapPredictiveOrchestrationWorker();
            if (arguments.Has("--dashboard"))
            {
                // Without authorization of the host's it is for this machine only, whatever the address above.
                app.MapPredictiveOrchestrationDashboard();
                Console.WriteLine($"Dashboard: {new Uri(urls, "/dashboard/")}");
            }

            await app.RunAsync();
            return 0;
        }
        catch (Exception exception) when (exception is ArgumentException or IOException or InvalidDataException or InvalidOperationException or FormatException)
        {
            await Console.Error.WriteLineAsync(exception.Message);
            return 1;
        }
    }

    private static DeviceCalibration ReadCalibration(string file)
    {
        const long most = 16 << 20;
        var length = new FileInfo(file).Length;
        return length <= most ? DeviceCalibration.Parse(File.ReadAllText(file)) : throw new InvalidDataException($"The calibration '{file}' has {length} bytes; accepted are {most}.");
    }
}
