using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Time.Testing;
using PredictiveOrchestration.Circuits.Library;
using PredictiveOrchestration.Learning;
using PredictiveOrchestration.Prediction;
using PredictiveOrchestration.Profiling;
using PredictiveOrchestration.Telemetry;
using PredictiveOrchestration.Tests.Telemetry;

namespace PredictiveOrchestration.Tests.Learning;

/// <summary>Fits take half a percent of a busy process's time, and are done in the end; none waits where nothing runs.</summary>
public sealed class FitPaceTests
{
    private static readonly TimeSpan Second = TimeSpan.FromSeconds(1);
    private static readonly CircuitProfile[] Profiles = [.. Enumerable.Range(2, 12).Select(n => CircuitProfiler.Profile(RandomFamilies.Random(n, n)))];
    private readonly FakeTimeProvider _time = new();
    private bool _isBusy = true;

    [Fact]
    public void MayFit_JobsUnderWayAllTheTime_FitsTakeHalfAPercentAndAreDone()
    {
        var pace = new FitPace(_time, () => _isBusy, Second);
        var (began, random, fitting, longest) = (_time.GetTimestamp(), new Random(4), TimeSpan.Zero, Second);
        while (_time.GetElapsedTime(began) < TimeSpan.FromHours(10))
        {
            if (pace.MayFit(jobsEnded: true))
            {
                var takes = (1 + (3 * random.NextDouble())) * Second;
                pace.Fit(() => _time.Advance(takes));
                (fitting, longest) = (fitting + takes, takes > longest ? takes : longest);
                (fitting - longest).Should().BeLessThanOrEqualTo(0.005 * _time.GetElapsedTime(began), "whenever one looks, but for the latest");
            }

            _time.Advance(0.1 * Second);
        }

        (fitting / TimeSpan.FromHours(10)).Should().BeInRange(0.0048, 0.005, "a fit is always due, so all that is allowed is used");
    }

    [Fact]
    public void MayFit_ABusyStart_WaitsAsAfterAFit()
    {
        var pace = new FitPace(_time, () => _isBusy, Second);
        _time.Advance(199.9 * Second);
        pace.MayFit(jobsEnded: false).Should().BeFalse();
        _time.Advance(0.1 * Second);
        pace.MayFit(jobsEnded: false).Should().BeTrue();
        pace.Fit(() => _time.Advance(1.5 * Second));
        _time.Advance(299.9 * Second);
        pace.MayFit(jobsEnded: false).Should().BeFalse("that many times what the latest took");
        _time.Advance(0.1 * Second);
        pace.MayFit(jobsEnded: false).Should().BeTrue();
        pace.Fit(() => _time.Advance(0.1 * Second));
        _time.Advance(199.9 * Second);
        pace.MayFit(jobsEnded: false).Should().BeFalse("the next may take longer than a short one");
        _time.Advance(0.1 * Second);
        pace.MayFit(jobsEnded: false).Should().BeTrue();
    }

    [Fact]
    public void MayFit_NothingRanForAsLongAsAFitTakes_AtOnce()
    {
        var pace = new FitPace(_time, () => _isBusy, Second);
        pace.MayFit(jobsEnded: false).Should().BeFalse();
        _isBusy = false;
        _time.Advance(0.9 * Second);
        pace.MayFit(jobsEnded: false).Should().BeFalse("jobs may follow one another with pauses");
        pace.MayFit(jobsEnded: true).Should().BeFalse();
        _time.Advance(0.9 * Second);
        pace.MayFit(jobsEnded: false).Should().BeFalse("a job ended meanwhile");
        _time.Advance(0.1 * Second);
        pace.MayFit(jobsEnded: false).Should().BeTrue();
        pace.Fit(() => _time.Advance(Second));
        pace.MayFit(jobsEnded: false).Should().BeTrue("and another one");
        pace.Fit(() => _time.Advance(2 * Second));
        _isBusy = true;
        pace.MayFit(jobsEnded: false).Should().BeFalse();
    }

    [Fact]
    public void Fit_Fails_CountsAsWell()
    {
        var pace = new FitPace(_time, () => _isBusy, Second);
        var fit = () => pace.Fit(() =>
        {
            _time.Advance(3 * Second);
            throw new InvalidOperationException("singular");
        });
        fit.Should().Throw<InvalidOperationException>();
        _time.Advance(599 * Second);
        pace.MayFit(jobsEnded: true).Should().BeFalse();
        _time.Advance(Second);
        pace.MayFit(jobsEnded: true).Should().BeTrue();
    }

    [Fact]
    public async Task Turn_JobsUnderWay_CorrectsAtOnceAndFitsLaterForAllThatFellDue()
    {
        var world = new World(new FitPace(_time, () => _isBusy, Second));
        await using var loop = world.Loop;
        world.Run(60, slower: 1).Should().BeFalse();
        loop.FitsTried.Should().Be(1, "a first fit does not wait");
        world.Run(150, slower: 1).Should().BeTrue("fits are due since the 100th and the 200th record");
        world.Run(30, slower: 4).Should().BeTrue();
        loop.Status["a"].Should().Match<ModelStatus>(s => s.DriftAlarms == 1 && s.IsAdapting && s.Records == 240);
        world.Predicted(4).Should().BeApproximately(1, 0.3, "the change is corrected without a fit");
        world.Run(20, slower: 4).Should().BeTrue("forty runs after the change a fit is due again");

        _time.Advance(199 * Second);
        loop.Turn().Should().BeTrue();
        (loop.FitsTried, loop.Status["a"].IsAdapting).Should().Be((1, true));
        _time.Advance(Second);
        loop.Turn().Should().BeFalse("all are done in one");
        (loop.FitsTried, loop.Status["a"].IsAdapting).Should().Be((2, false));
        loop.Turn().Should().BeFalse();
        loop.FitsTried.Should().Be(2);
    }

    [Fact]
    public async Task FlushAndStop_JobsUnderWay_DoWhatIsDue()
    {
        var world = new World(new FitPace(_time, () => _isBusy, Second));
        world.Run(60, slower: 1).Should().BeFalse();
        world.Run(50, slower: 1).Should().BeTrue();
        await world.Loop.FlushAsync();
        world.Loop.FitsTried.Should().Be(2);
        world.Run(100, slower: 1).Should().BeTrue();
        await world.Loop.DisposeAsync();
        world.Loop.FitsTried.Should().Be(3);
    }

    [Fact]
    public async Task Thread_NothingRunsAnyMore_DoesWhatIsDueThoughNoRecordComes()
    {
        var (asked, quiet, fitted) = (new TaskCompletionSource(), new TaskCompletionSource(), new Notice("A new model of backend", 2));
        bool IsBusy()
        {
            asked.TrySetResult();
            return !quiet.Task.IsCompleted;
        }

        var world = new World(new FitPace(_time, IsBusy, Second), fitted);
        await using var loop = world.Loop;
        loop.Start();
        world.Write(60, slower: 1);
        await loop.FlushAsync();
        world.Write(50, slower: 1);
        loop.Wake();
        await asked.Task.WaitAsync(TimeSpan.FromMinutes(10));
        loop.FitsTried.Should().Be(1);
        quiet.SetResult();
        _time.Advance(Second);
        await fitted.Task.WaitAsync(TimeSpan.FromMinutes(10));
        loop.FitsTried.Should().Be(2);
    }

    /// <summary>A backend whose runs take as long as they have gates, and scatter by a tenth.</summary>
    private sealed class World
    {
        private readonly TelemetryRingBuffer _ring = new(1 << 8);
        private readonly ModelPublisher _publisher = new(new PerformancePredictor(0, []));
        private readonly Random _random = new(2);

        public World(FitPace pace, Microsoft.Extensions.Logging.ILogger? log = null) => Loop = new LearningLoop(_ring, _publisher, [], new LearningOptions(), null, log ?? NullLogger.Instance, pace);

        public LearningLoop Loop { get; }

        /// <summary>The median of predicted over true times.</summary>
        public double Predicted(double slower) => Profiles.Select(p => _publisher.Current.ModelOf("a", "dense") is var model && JobDrivers.Of(model.Analytic.Basis, p, new JobShape(100, 1, 0, 0)) is var d
            ? Math.Exp(model.Predict(d.Terms, d.Features, d.Kin).Median) / Seconds(p, slower) : 0).Order().ElementAt(Profiles.Length / 2);

        public void Write(int count, double slower)
        {
            for (var i = 0; i < count; i++)
            {
                var profile = Profiles[_random.Next(Profiles.Length)];
                _ring.TryWrite(TelemetryRingBufferTests.Record(100, "a", Seconds(profile, slower) * Math.Exp(0.2 * (_random.NextDouble() - 0.5)), profile: profile));
            }
        }

        public bool Run(int count, double slower)
        {
            Write(count, slower);
            return Loop.Turn();
        }

        private static double Seconds(CircuitProfile profile, double slower) => slower * 1e-4 * profile.GateCount;
    }

    /// <summary>Says when a message was logged so many times.</summary>
    private sealed class Notice(string part, int times) : Microsoft.Extensions.Logging.ILogger
    {
        private readonly TaskCompletionSource _seen = new();
        private int _count;

        public Task Task => _seen.Task;

        public IDisposable? BeginScope<TState>(TState state)
            where TState : notnull => null;

        public bool IsEnabled(Microsoft.Extensions.Logging.LogLevel logLevel) => true;

        public void Log<TState>(Microsoft.Extensions.Logging.LogLevel logLevel, Microsoft.Extensions.Logging.EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter)
        {
            if (formatter(state, exception).Contains(part, StringComparison.Ordinal) && Interlocked.Increment(ref _count) == times)
            {
                _seen.TrySetResult();
            }
        }
    }
}
