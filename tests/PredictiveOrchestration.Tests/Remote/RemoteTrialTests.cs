using PredictiveOrchestration.Benchmarks.Reliability;
using PredictiveOrchestration.Remote;

namespace PredictiveOrchestration.Tests.Remote;

/// <summary>The trial of the benchmark command <c>remote</c>, small.</summary>
public sealed class RemoteTrialTests
{
    [Theory]
    [InlineData(2)]
    [InlineData(1)]
    [InlineData(0)]
    public void Jobs_OneAnswerInTwentyLost_AreNeverPaidTwiceLostOrWrong(int safety)
    {
        var report = RemoteTrial.Run((SubmissionSafety)safety, 300, seed: 11);

        report.IsGood.Should().BeTrue(report.ToString());
        report.Faults.Should().BeGreaterThan(100, "the script must bite");
        if ((SubmissionSafety)safety == SubmissionSafety.None)
        {
            report.Held.Should().BePositive("without look-up an ambiguous submission is held");
        }

        RemoteTrial.Run((SubmissionSafety)safety, 300, seed: 11).Should().Be(report, "the same seed gives the same run");
    }

    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    [InlineData(4)]
    public void JobsInClouds_OneAnswerInTwentyLost_AreNeverPaidTwiceLostOrWrong(int kind)
    {
        var report = CloudTrial.Run((CloudKind)kind, 200, seed: 11);

        report.IsGood.Should().BeTrue(report.ToString());
        report.Faults.Should().BeGreaterThan(70, "the script must bite");
    }
}
