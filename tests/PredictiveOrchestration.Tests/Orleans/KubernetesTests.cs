using System.Text.Json;
using PredictiveOrchestration.Orleans.Http;
using PredictiveOrchestration.TestKit;
using YamlDotNet.RepresentationModel;

namespace PredictiveOrchestration.Tests.Orleans;

/// <summary>The manifests for Kubernetes: they can be read, their parts fit together, and they call the sample as it wants to be called.</summary>
public sealed class KubernetesTests
{
    private static readonly string Text = File.ReadAllText(Sample("kubernetes.yaml"));
    private static readonly List<YamlNode> Manifests = Parse();

    [Fact]
    public void Guide_HasTheSameManifests() =>
        File.ReadAllText(Path.Combine(SharedFiles.RepositoryRoot, "docs", "scale-out.md")).Should().Contain($"```yaml\n{Text}```");

    [Fact]
    public void Manifests_EachHasAVersionAKindAndAName()
    {
        Manifests.Select(m => Of(m, "kind")).Should().Equal("StatefulSet", "PersistentVolumeClaim", "Service", "ScaledObject", "NetworkPolicy");
        Manifests.Should().OnlyContain(m => Of(m, "apiVersion").Length > 0 && Of(m, "metadata", "name").Length > 0);
    }

    [Fact]
    public void Silo_OptionsAreThoseOfTheSample()
    {
        var container = Container();
        var arguments = Texts(container["args"]);
        arguments[0].Should().Be("silo");
        var usage = File.ReadAllText(Sample("Program.cs"));
        arguments.Where(a => a.StartsWith("--", StringComparison.Ordinal)).Should().HaveCount(5).And.OnlyContain(a => usage.Contains($"{a} ", StringComparison.Ordinal));

        // What it refers to is given: by the environment, as ports, as a volume.
        var variables = ((YamlSequenceNode)container["env"]).Select(e => Of(e, "name")).ToList();
        variables.Should().Contain("CLUSTER_POSTGRES", "without it each silo would be a cluster of its own");
        File.ReadAllText(Sample("Arguments.cs")).Should().Contain("\"CLUSTER_POSTGRES\"");
        variables.Where(v => v != "CLUSTER_POSTGRES").Should().OnlyContain(v => arguments.Contains($"$({v})"));
        var ports = ((YamlSequenceNode)container["ports"]).Select(p => Of(p, "containerPort")).ToList();
        string Value(string option) => arguments[arguments.IndexOf(option) + 1];
        Value("--ports").Split(',').Append(new Uri(Value("--http")).Port.ToString(System.Globalization.CultureInfo.InvariantCulture)).Should().Equal(ports);
        Texts(container["volumeMounts"], "mountPath").Should().Equal(Value("--checkpoints"));
        var claims = ((YamlSequenceNode)At(Manifests[0], "spec", "template", "spec", "volumes")).Select(v => Of(v, "persistentVolumeClaim", "claimName"));
        claims.Should().Equal(Of(Manifests[1], "metadata", "name"));
        Texts(At(Manifests[1], "spec", "accessModes")).Should().Equal("ReadWriteMany");
    }

    [Fact]
    public void Parts_FindEachOther()
    {
        var app = Of(Manifests[0], "spec", "template", "metadata", "labels", "app");
        Of(Manifests[0], "spec", "selector", "matchLabels", "app").Should().Be(app);
        Of(Manifests[2], "spec", "selector", "app").Should().Be(app);
        Of(Manifests[4], "spec", "podSelector", "matchLabels", "app").Should().Be(app);
        Of(Manifests[0], "spec", "serviceName").Should().Be(Of(Manifests[2], "metadata", "name"));
        Of(Manifests[3], "spec", "scaleTargetRef", "name").Should().Be(Of(Manifests[0], "metadata", "name"));

        // Who scales asks the service for the load, and finds the number there.
        var trigger = (YamlMappingNode)((YamlSequenceNode)At(Manifests[3], "spec", "triggers"))[0]["metadata"];
        var address = new Uri(Of(trigger, "url"));
        address.Host.Should().Be(Of(Manifests[2], "metadata", "name"));
        address.AbsolutePath.Should().Be(Of(Container(), "readinessProbe", "httpGet", "path")).And.Be("/cluster/load");
        Of(((YamlSequenceNode)At(Manifests[2], "spec", "ports"))[0], "port").Should().Be($"{address.Port}");
        JsonSerializer.SerializeToElement(new LoadAnswer(1, 2, 3, 4, 5, 6), LoadJson.Default.LoadAnswer).TryGetProperty(Of(trigger, "valueLocation"), out _).Should().BeTrue();
    }

    private static YamlNode Container() => ((YamlSequenceNode)At(Manifests[0], "spec", "template", "spec", "containers"))[0];

    private static YamlNode At(YamlNode node, params string[] path) => path.Aggregate(node, (n, key) => n[key]);

    private static string Of(YamlNode node, params string[] path) => ((YamlScalarNode)At(node, path)).Value!;

    private static List<string> Texts(YamlNode list, params string[] path) => [.. ((YamlSequenceNode)list).Select(n => Of(n, path))];

    private static string Sample(string file) => Path.Combine(SharedFiles.RepositoryRoot, "samples", "Cluster", file);

    private static List<YamlNode> Parse()
    {
        var stream = new YamlStream();
        stream.Load(new StringReader(Text));
        return [.. stream.Documents.Select(d => d.RootNode)];
    }
}
