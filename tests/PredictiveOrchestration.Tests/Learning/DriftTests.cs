using Microsoft.Extensions.Logging.Abstractions;
using PredictiveOrchestration.Backends;
using PredictiveOrchestration.Circuits.Library;
using PredictiveOrchestration.Costs;
using PredictiveOrchestration.Learning;
using PredictiveOrchestration.Prediction;
using PredictiveOrchestration.Profiling;
using PredictiveOrchestration.Simulation.StateVector;
using PredictiveOrchestration.Telemetry;
using PredictiveOrchestration.Tests.Telemetry;
using Xunit.Abstractions;

namespace PredictiveOrchestration.Tests.Learning;

/// <summary>A step is detected within 15 jobs and predictions are right again within 40; ten thousand jobs without one raise at most one alarm.</summary>
public sealed class DriftTests(ITestOutputHelper output)
{
    private static readonly BackendDescriptor Dense = new StateVectorSimulator().Descriptor;
    private static readonly CircuitProfile[] Profiles = [.. Enumerable.Range(0, 40).Select(i => CircuitProfiler.Profile(RandomFamilies.Random(6 + (i % 14), 3 + (i / 8), (ulong)i)))];

    [Theory]
    [InlineData("three times slower", 1)]
    [InlineData("three times slower", 2)]
    [InlineData("threads halved", 3)]
    [InlineData("threads halved", 4)]
    public async Task Step_InTime_IsDetectedWithinFifteenJobsAndRecoveredWithinForty(string kind, int seed)
    {
        await using var world = new World(seed);
        world.Threads = 4;
        await world.RunAsync(150);
        world.TimeAlarms.Should().Be(0, "seed {0}", seed);
        world.Error(world.Truth).Should().BeLessThan(0.25, "it has learned, seed {0}", seed);
        (world.Slower, world.Threads) = kind == "threads halved" ? (1, 2) : (3, 4);
        var delay = 0;
        while (world.TimeAlarms == 0 && delay < 100)
        {
            await world.RunAsync(1);
            delay++;
        }

        world.Status.Should().Match<ModelStatus>(s => s.DriftAlarms == 1 && s.DriftedAt == DateTimeOffset.UnixEpoch && s.IsAdapting && s.Records == 150 + delay && s.PriceAlarms == 0);
        world.Status.DriftFactor.Should().BeGreaterThan(1.3, "half the threads or a third of the speed takes longer");
        var fits = world.Status.Fits;
        var before = world.Error(world.Truth);
        await world.RunAsync(40 - delay);
        var after = world.Error(world.Truth);
        await world.RunAsync(delay);
        output.WriteLine($"{kind}, seed {seed}: found after {delay} jobs, median error in log time {before:F2} then, {after:F2} after 40");
        delay.Should().BeLessThanOrEqualTo(15, "seed {0}", seed);
        world.Status.Should().Match<ModelStatus>(s => !s.IsAdapting && s.Fits >= fits && s.FittedVersion > 0 && s.Records == 190 + delay, "forty runs after the alarm a new model was tried");
        after.Should().BeLessThan(0.25, "seed {0}", seed);
    }

    [Theory]
    [InlineData(5.0)]
    [InlineData(0.2)]
    public async Task Step_InPrice_IsDetectedWithinFifteenJobsAndRecoveredWithinForty(double factor)
    {
        await using var world = new World(5);
        await world.RunAsync(100);
        world.PriceAlarms.Should().Be(0);
        world.Charged = factor;
        var delay = 0;
        while (world.PriceAlarms == 0 && delay < 100)
        {
            await world.RunAsync(1);
            delay++;
        }

        delay.Should().BeLessThanOrEqualTo(15);
        await world.RunAsync(40 - delay);
        world.Status.PriceAlarms.Should().Be(world.PriceAlarms);
        world.Status.ChargeFactor.Should().BeApproximately(factor, 0.1 * factor);
        world.TimeAlarms.Should().Be(0, "time has not changed");

        var prediction = world.Predict(Profiles[3]);
        prediction.CostFactor.Should().BeApproximately(factor, 0.1 * factor);
        var prices = new PriceTable(new Dictionary<string, PriceModel> { [Dense.Id] = new PriceModel { PerRun = 2 } }, PriceList.Default, "USD", TimeProvider.System);
        ((double)prices.Estimate(Dense, prediction, Profiles[3], new JobShape(100, 4, 0, 0)).Median).Should().BeApproximately(2 * factor, 0.2 * factor);
    }

    [Fact]
    public async Task NoStep_TenThousandJobs_RaiseAtMostOneAlarm()
    {
        await using var world = new World(7);
        world.Outliers = true;
        await world.RunAsync(10_000, each: 100);
        output.WriteLine($"{world.TimeAlarms} alarms of time, {world.PriceAlarms} of price");
        (world.TimeAlarms + world.PriceAlarms).Should().BeLessThanOrEqualTo(1, "seed 7");
    }

    [Fact]
    public async Task Fidelity_Measured_CorrectsTheEstimateAndNarrows()
    {
        var device = Dense with { Errors = new ErrorRates { OneQubit = 3e-4, TwoQubit = 6e-3, Readout = 0.015, CoherenceSeconds = 1e-4, OneQubitGateSeconds = 3e-8, TwoQubitGateSeconds = 2e-7 } };
        await using var world = new World(9);
        world.MeasuredFidelity = profile => Math.Exp(-0.5 * FidelityModel.LogLoss(device.Errors, profile));
        world.Rates = device.Errors;
        var before = world.Predict(Profiles[5], device).Fidelity;
        await world.RunAsync(60);
        var (truth, after) = (world.MeasuredFidelity(Profiles[5]), world.Predict(Profiles[5], device).Fidelity);
        output.WriteLine($"truth {truth:F3}, before {before}, after {after}");
        before.Median.Should().BeApproximately(Math.Exp(-FidelityModel.LogLoss(device.Errors, Profiles[5])), 1e-12, "the estimate itself");
        after.Median.Should().BeApproximately(truth, 0.04);
        truth.Should().BeInRange(after.Lower, after.Upper);
        (Math.Log(after.Lower) / Math.Log(after.Upper)).Should().BeLessThan(0.6 * Math.Log(before.Lower) / Math.Log(before.Upper));
    }

    [Fact]
    public void LogLoss_KnownCircuit_IsTheProductOfItsParts()
    {
        // 3 qubits in a chain: h, cx, cx, three measurements; depth 3 and measurements.
        var profile = CircuitProfiler.Profile(States.Ghz(3));
        var rates = new ErrorRates { OneQubit = 0.01, TwoQubit = 0.05, Readout = 0.1 };
        Math.Exp(-FidelityModel.LogLoss(rates, profile)).Should().BeApproximately(0.99 * 0.95 * 0.95 * Math.Pow(0.9, profile.Features!.MeasurementCount), 1e-12);
        FidelityModel.LogLoss(rates with { CoherenceSeconds = 1e-3, TwoQubitGateSeconds = 1e-5 }, profile).Should().BeApproximately(
            FidelityModel.LogLoss(rates, profile) + (((3 * profile.CircuitDepth) - 4) * 1e-5 / 1e-3), 1e-12);
        FidelityModel.LogLoss(new ErrorRates { TwoQubit = 1 }, profile).Should().BePositive().And.NotBe(double.PositiveInfinity, "a gate that always fails");
        default(FidelityModel).With(double.NaN, 1).Should().Be(default(FidelityModel));
        default(FidelityModel).With(1.5, 1).Count.Should().Be(0);
        default(FidelityModel).With(0, 1).Count.Should().Be(1);
    }

    [Fact]
    public void Fidelity_Intervals_CoverWhatIsMeasured()
    {
        // Devices whose estimates are wrong by a factor each, and runs that scatter.
        var random = new Random(12);
        double Normal() => Enumerable.Range(0, 12).Sum(_ => random.NextDouble()) - 6;
        int covered = 0, all = 0;
        for (var device = 0; device < 40; device++)
        {
            var (model, bias) = (default(FidelityModel), 0.5 * Normal());
            var backend = Dense with { Errors = new ErrorRates { TwoQubit = 0.004, Readout = 0.01 } };
            for (var run = 0; run < 60; run++)
            {
                var profile = Profiles[random.Next(Profiles.Length)];
                var loss = FidelityModel.LogLoss(backend.Errors, profile);
                var measured = Math.Exp(-loss * Math.Exp(bias + (0.3 * Normal())));
                if (run >= 20)
                {
                    var predicted = model.Predict(backend, profile);
                    covered += measured >= predicted.Lower && measured <= predicted.Upper ? 1 : 0;
                    all++;
                }

                model = model.With(measured, loss);
            }
        }

        output.WriteLine($"{(double)covered / all:P1}");
        ((double)covered / all).Should().BeInRange(0.87, 0.96);
    }

    /// <summary>A backend with made-up times: part of the work is shared by threads, runs scatter by a tenth.</summary>
    private sealed class World : IAsyncDisposable
    {
        private readonly Random _random;
        private readonly TelemetryRingBuffer _ring = new(1 << 10);
        private readonly ModelPublisher _publisher = new(new PerformancePredictor(0, []));
        private readonly AlarmLogger _log = new();
        private readonly LearningLoop _loop;

        public World(int seed)
        {
            _random = new Random(seed);
            _loop = new LearningLoop(_ring, _publisher, [], new LearningOptions { ModelUpdateFrequency = 1_000_000, ReservoirSize = 400 }, null, _log);
        }

        public double Slower { get; set; } = 1;

        public double Threads { get; set; } = 4;

        public double Charged { get; set; } = 1;

        public bool Outliers { get; set; }

        public Func<CircuitProfile, double>? MeasuredFidelity { get; set; }

        public ErrorRates? Rates { get; set; }

        public int TimeAlarms => _log.Time;

        public int PriceAlarms => _log.Price;

        public ModelStatus Status => _loop.Status[Dense.Id];

        public double Truth(CircuitProfile p) => Slower * 1e-3 * p.GateCount * (0.05 + (1 / Threads));

        public BackendPrediction Predict(CircuitProfile profile, BackendDescriptor? backend = null) => _publisher.Current.Predict(backend ?? Dense, profile, new JobShape(100, 1, 0, 0));

        public double Error(Func<CircuitProfile, double> truth) => Profiles.Select(p => Math.Abs(Math.Log(Predict(p).Seconds.Median / truth(p)))).Order().ElementAt(Profiles.Length / 2);

        public async Task RunAsync(int count, int each = 1)
        {
            for (var i = 1; i <= count; i++)
            {
                var profile = Profiles[_random.Next(Profiles.Length)];
                var noise = 0.1 * (Enumerable.Range(0, 12).Sum(_ => _random.NextDouble()) - 6) + (Outliers && _random.Next(50) == 0 ? 2 : 0);
                _ring.TryWrite(TelemetryRingBufferTests.Record(100, Dense.Id, Truth(profile) * Math.Exp(noise), profile: profile) with
                {
                    ListCost = 2, Cost = (decimal)(2 * Charged * (1 + (0.02 * _random.NextDouble()))),
                    MeasuredFidelity = MeasuredFidelity is { } measured ? measured(profile) : null, ExpectedLogLoss = FidelityModel.LogLoss(Rates, profile),
                });
                if (i % each == 0)
                {
                    await _loop.FlushAsync();
                }
            }

            await _loop.FlushAsync();
        }

        public async ValueTask DisposeAsync() => await _loop.DisposeAsync();

        private sealed class AlarmLogger : Microsoft.Extensions.Logging.ILogger
        {
            public int Time { get; private set; }

            public int Price { get; private set; }

            public IDisposable? BeginScope<TState>(TState state)
                where TState : notnull => null;

            public bool IsEnabled(Microsoft.Extensions.Logging.LogLevel logLevel) => true;

            public void Log<TState>(Microsoft.Extensions.Logging.LogLevel logLevel, Microsoft.Extensions.Logging.EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter)
            {
                var text = formatter(state, exception);
                Time += text.Contains("has changed", StringComparison.Ordinal) ? 1 : 0;
                Price += text.Contains("charges", StringComparison.Ordinal) ? 1 : 0;
            }
        }
    }
}
