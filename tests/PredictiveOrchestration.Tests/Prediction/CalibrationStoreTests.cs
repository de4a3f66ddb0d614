using System.Text.Json.Nodes;
using Microsoft.Extensions.Logging.Abstractions;
using PredictiveOrchestration.Prediction;

namespace PredictiveOrchestration.Tests.Prediction;

public sealed class CalibrationStoreTests : IDisposable
{
    private readonly string _directory = Directory.CreateTempSubdirectory("po-calibration-").FullName;

    public void Dispose() => Directory.Delete(_directory, true);

    [Fact]
    public async Task Calibration_SameMachineAndLibrary_IsUsedAgainAndOtherwiseRedone()
    {
        await CalibrateAsync();
        var path = Path.Combine(_directory, "calibration.json");
        var kept = await File.ReadAllTextAsync(path);
        await CalibrateAsync();
        (await File.ReadAllTextAsync(path)).Should().Be(kept, "nothing has changed");

        var store = new CalibrationStore(_directory, NullLogger.Instance);
        store.Load(["local-sparse"]).Should().NotBeNullOrEmpty();
        store.Load(["local-sparse", "another"]).Should().BeNull("a backend without measurements needs a new calibration");

        // As another machine, or another version of the library, would have written it.
        var json = JsonNode.Parse(kept)!.AsObject();
        var key = json.Single(p => string.Equals(p.Key, "fingerprint", StringComparison.OrdinalIgnoreCase)).Key;
        json[key]!.GetValue<string>().Should().Contain("|").And.Contain(typeof(CalibrationStore).Assembly.GetName().Version!.ToString(3));
        json[key] = "another machine";
        await File.WriteAllTextAsync(path, json.ToJsonString());
        store.Load(["local-sparse"]).Should().BeNull();
        await CalibrateAsync();
        store.Load(["local-sparse"]).Should().NotBeNullOrEmpty("it was measured again");
    }

    private async Task CalibrateAsync()
    {
        await using var orchestrator = new PredictiveOrchestratorBuilder().Configure(o =>
        {
            o.StateDirectory = _directory;
            o.CalibrationBudget = TimeSpan.FromSeconds(0.3);
            o.Learning = false;
        }).Build();
        await orchestrator.StartAsync();
    }
}
