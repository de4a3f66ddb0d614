using System.Text.Json;
using System.Text.Json.Serialization;

namespace PredictiveOrchestration.Remote.Worker;

/// <summary>Writes a state by its name; a name that is not known is read as <see cref="JobState.Unknown"/>.</summary>
internal sealed class JobStateConverter : JsonConverter<JobState>
{
    public override JobState Read(ref Utf8JsonReader reader, Type typeToConvert, JsonSerializerOptions options) =>
        reader.TokenType == JsonTokenType.String ? JobStates.Parse(reader.GetString()) : throw new JsonException("A job's status is a string.");

    public override void Write(Utf8JsonWriter writer, JobState value, JsonSerializerOptions options) => writer.WriteStringValue(value.Name());
}
