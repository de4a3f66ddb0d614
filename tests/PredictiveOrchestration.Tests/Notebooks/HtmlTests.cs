using System.Collections;
using System.Globalization;
using System.Reflection;
using System.Xml.Linq;
using PredictiveOrchestration.Backends;
using PredictiveOrchestration.Circuits;
using PredictiveOrchestration.Circuits.Library;
using PredictiveOrchestration.Costs;
using PredictiveOrchestration.Prediction;
using PredictiveOrchestration.Profiling;
using PredictiveOrchestration.Routing;
using PredictiveOrchestration.TestKit.Fakes;

namespace PredictiveOrchestration.Tests.Notebooks;

/// <summary>What notebooks show: well-formed, escaped, bounded, with the right figures, found by kernels that know the convention.</summary>
public sealed class HtmlTests
{
    private const string Evil = "<script>alert('\"&\0')</script>";

    public static TheoryData<Type> Shown => [typeof(Circuit), typeof(CircuitProfile), typeof(RoutingDecision), typeof(OrchestrationResult), typeof(ExecutionResult), typeof(CostAnalysis)];

    [Theory]
    [MemberData(nameof(Shown))]
    public async Task Html_OfARealRun_IsWellFormedAndHasNoScript(Type type)
    {
        var page = Parse(ToHtml(await ExampleAsync(type, "engine")));
        page.Name.LocalName.Should().Be("div");
        page.Descendants("h4").Should().ContainSingle();
        page.Descendants().Where(e => e.Name.LocalName is "rect" or "line" or "path").Should().OnlyContain(e => e.Attribute("fill") != null, "some viewers take the style sheet out");
        page.DescendantsAndSelf().Attributes().Should().NotContain(a => a.Name.LocalName.StartsWith("on", StringComparison.Ordinal) || a.Name.LocalName == "style" || a.Name.LocalName == "src" || a.Name.LocalName == "href");
    }

    [Theory]
    [MemberData(nameof(Shown))]
    public async Task Html_MarkupInNames_StaysText(Type type)
    {
        var html = ToHtml(await ExampleAsync(type, Evil));
        html.Should().NotContain("<script");
        var page = Parse(html);
        page.Descendants("script").Should().BeEmpty();
        if (type != typeof(CircuitProfile))
        {
            string.Concat(page.DescendantNodes().OfType<XText>().Select(t => t.Value)).Should().Contain("<script>alert('\"& ')</script>", "a null, which no page can hold, is a space");
        }
    }

    // The steps of a kernel: an attribute of the name, its source, the source's method, each formatter's form and method; all by name.
    [Theory]
    [MemberData(nameof(Shown))]
    public async Task Formatter_FoundByConvention_WritesTheHtml(Type type)
    {
        var attribute = type.GetCustomAttributes(true).Should().ContainSingle(a => a.GetType().Name == "TypeFormatterSourceAttribute").Subject;
        var source = Activator.CreateInstance((Type)attribute.GetType().GetProperty("FormatterSourceType")!.GetValue(attribute)!)!;
        var formatters = ((IEnumerable)source.GetType().GetMethod("CreateTypeFormatters")!.Invoke(source, null)!).Cast<object>().ToList();
        var formatter = formatters.Should().ContainSingle().Subject;
        formatter.GetType().GetProperty("MimeType")!.GetValue(formatter).Should().Be("text/html");
        ((string[])attribute.GetType().GetProperty("PreferredMimeTypes")!.GetValue(attribute)!).Should().Equal("text/html");
        var format = formatter.GetType().GetMethod("Format", [typeof(object), typeof(TextWriter)])!;
        var instance = await ExampleAsync(type, "engine");
        using var writer = new StringWriter();
        format.Invoke(formatter, [instance, writer]).Should().Be(true);
        writer.ToString().Should().Be(ToHtml(instance));
        format.Invoke(formatter, ["something else", writer]).Should().Be(false);
    }

    [Fact]
    public void Histogram_EightOfTen_HasTheIntervalOfWilson()
    {
        var result = Result(new() { [new BitString(1, 2)] = 8, [new BitString(2, 2)] = 2 });
        var rows = Parse(result.ToHtml()).Descendants("tbody").First().Elements("tr").ToList();
        rows.Select(r => r.Elements().First().Value).Should().Equal("01", "10");
        rows[0].Elements().ElementAt(1).Value.Should().Be("8");
        rows[0].Elements().ElementAt(2).Value.Should().Be("80 %");
        var bar = rows[0].Descendants("svg").Single();
        double Number(XElement element, string name) => double.Parse(element.Attribute(name)!.Value, CultureInfo.InvariantCulture);
        var width = Number(bar, "width");
        (Number(bar.Elements("rect").Last(), "width") / width).Should().BeApproximately(0.8, 0.001);

        // 8 of 10 at 95 %: Wilson 1927, as tabulated by Newcombe 1998 to four digits.
        (Number(bar.Element("line")!, "x1") / width).Should().BeApproximately(0.4902, 0.001);
        (Number(bar.Element("line")!, "x2") / width).Should().BeApproximately(0.9433, 0.001);
    }

    [Fact]
    public void Histogram_ManyOutcomes_ShowsTheMostFrequentAndCountsTheRest()
    {
        var counts = Enumerable.Range(0, 100_000).ToDictionary(i => new BitString((ulong)i, 20), i => i < 40 ? 100L - i : 1L);
        var html = Result(counts).ToHtml();
        html.Length.Should().BeLessThan(40_000);
        Parse(html).Descendants("tbody").First().Elements("tr").Should().HaveCount(32);
        html.Should().Contain($"99968 more outcomes, seen {counts.Values.Sum() - Enumerable.Range(0, 32).Sum(i => 100 - i)} times together");
    }

    [Fact]
    public void CircuitSvg_Teleportation_HasEveryGateOnce()
    {
        var svg = Parse(new CircuitBuilder(3).H(1).CX(1, 2).CX(0, 1).H(0).CZ(0, 2).Build().ToHtml()).Descendants("svg").Single();
        svg.Elements("g").Should().HaveCount(5);
        svg.Descendants("text").Select(t => t.Value).Should().Equal("q[0]", "q[1]", "q[2]", "h", "h", "z");
        svg.Descendants("circle").Count(c => c.Attribute("class")!.Value == "dot").Should().Be(3, "each controlled gate has a dot");
        svg.Descendants("circle").Count(c => c.Attribute("class")!.Value == "x").Should().Be(2, "and each cx a crossed circle");
        svg.Attribute("role")!.Value.Should().Be("img");
        svg.Attribute("aria-label")!.Value.Should().Contain("3 qubits");
    }

    [Fact]
    public async Task Decision_Table_HasEveryCandidateWithItsIntervalAndEveryRefusal()
    {
        await using var orchestrator = await StartAsync("engine", new FakeBackend("small", capabilities: new BackendCapabilities { MaxQubits = 1, IsExact = true }));
        var decision = orchestrator.GetRoutingRecommendation(States.Ghz(3)).Decision;
        var tables = Parse(decision.ToHtml()).Descendants("table").Select(t => t.Element("tbody")!.Elements("tr").Select(r => r.Elements().Select(c => c.Value).ToList()).ToList()).ToList();
        tables[0].Select(r => r[0]).Should().Equal(decision.Ranked.Select((r, i) => $"{i + 1}. {r.Candidate.Backend.Id}"));
        tables[0][0][1].Should().MatchRegex(@"^[\d.]+ \w+ \([\d.]+ \w+ to [\d.]+ \w+\)$");
        tables[1].Should().ContainSingle().Which.Should().Equal("small", decision.Refused[0].Reason);
    }

    [Fact]
    public void Table_TooLong_IsCutAndSaysSo()
    {
        var costs = Costs(Enumerable.Range(0, 1000).ToDictionary(i => $"b{i}", _ => 0.1m));
        costs.ToHtml().Should().Contain("936 more rows are not shown.");
    }

    [Fact]
    public void Costs_Forecast_IsShownWithItsInterval()
    {
        var forecast = new CostForecast
        {
            Step = TimeSpan.FromMinutes(1), Steps = [.. Enumerable.Repeat(new Estimate(0.1, 0.05, 0.2), 60)], Method = "last value", Total = new Estimate(6, 3, 12),
            BudgetExhaustedAt = new DateTimeOffset(2026, 11, 26, 12, 0, 0, TimeSpan.Zero),
        };
        (Costs([]) with { Forecast = forecast }).ToHtml().Should().Contain("6 USD").And.Contain("3 USD").And.Contain("12 USD").And.Contain("spent at 2026-11-26 12:00:00 UTC");
        Costs([]).ToHtml().Should().NotContain("To come");
    }

    private static CostAnalysis Costs(Dictionary<string, decimal> byBackend) => new()
    {
        Currency = "USD", TotalCost = 100, FailedRunsCost = 0, ReservedCost = 0, CostPerOperation = 1, CostEfficiency = 1, BudgetUtilization = null, Runs = 100, ComputeTime = TimeSpan.Zero,
        ByBackend = byBackend, ByStrategy = new Dictionary<string, decimal>(), ByDay = new Dictionary<DateOnly, decimal>(), ByTag = new Dictionary<string, decimal>(),
        AgainstAlwaysCheapest = default, AgainstAlwaysFastest = default, AgainstWorst = default, Anomalies = [], Recommendations = [],
        Forecast = new CostForecast { Step = TimeSpan.FromSeconds(1), Steps = [], Method = "none", Total = default, BudgetExhaustedAt = null },
    };

    private static async Task<object> ExampleAsync(Type type, string name)
    {
        if (type == typeof(Circuit))
        {
            return new CircuitBuilder(2, name: name).H(0).CX(0, 1).Build();
        }

        await using var orchestrator = await StartAsync(name, FakeBackend.Failing("broken"));
        var result = await orchestrator.ExecuteAsync(States.Ghz(4), new OrchestrationRequest { Tag = name, Shots = 100 });
        return type == typeof(CircuitProfile) ? result.Profile : type == typeof(RoutingDecision) ? result.Decision : type == typeof(OrchestrationResult) ? result
            : type == typeof(ExecutionResult) ? result.Execution : orchestrator.GetCostAnalysis();
    }

    private static async Task<PredictiveOrchestrator> StartAsync(string name, IQuantumBackend other)
    {
        var orchestrator = new PredictiveOrchestratorBuilder().WithoutLocalEngines().AddBackend(other).AddBackend(new FakeBackend(name)).AddRouter(new InOrder())
            .Configure(o => (o.StateDirectory, o.CalibrationBudget, o.Learning, o.Budget) = (string.Empty, TimeSpan.Zero, false, 5)).Build().WithStrategy("in-order");
        await orchestrator.StartAsync();
        return orchestrator;
    }

    private static ExecutionResult Result(Dictionary<BitString, long> counts) => new()
    {
        BackendId = "engine", Shots = (int)counts.Values.Sum(), Seed = 0, IsExact = true, PeakMemoryBytes = 0, Timings = default, Counts = counts,
    };

    private static string ToHtml(object instance) => (string)instance.GetType().GetMethod("ToHtml", BindingFlags.Public | BindingFlags.Instance, [])!.Invoke(instance, null)!;

    // What is well-formed as XML is well-formed as HTML too, as long as no element is empty that may not be.
    private static XElement Parse(string html) => XElement.Parse(html);
}
