namespace PredictiveOrchestration.Common.Html;

/// <summary>Something that can show itself in a notebook or a page.</summary>
internal interface IHtml
{
    /// <summary>A self-contained piece of HTML.</summary>
    string ToHtml();
}

/// <summary>
/// Names the source of a type's formatters. Notebook kernels look for an attribute of this name, wherever it is declared, with these properties; so no package of theirs is needed.
/// </summary>
[AttributeUsage(AttributeTargets.Class)]
internal sealed class TypeFormatterSourceAttribute(Type formatterSourceType) : Attribute
{
    /// <summary>The class that makes the formatters.</summary>
    public Type FormatterSourceType => formatterSourceType;

    /// <summary>The forms that are preferred, best first.</summary>
    public string[] PreferredMimeTypes => ["text/html"];
}

/// <summary>Makes formatters, found by the name of its method.</summary>
internal sealed class NotebookFormatterSource
{
    /// <summary>The formatters, each with a <c>MimeType</c> and a method <c>Format(object, TextWriter)</c>.</summary>
    public IEnumerable<object> CreateTypeFormatters() => [new NotebookFormatter()];
}

/// <summary>Writes what can show itself.</summary>
internal sealed class NotebookFormatter
{
    /// <summary>The form.</summary>
    public string MimeType => "text/html";

    /// <summary>Writes it; false if it cannot show itself.</summary>
    public bool Format(object instance, TextWriter writer)
    {
        if (instance is not IHtml shown)
        {
            return false;
        }

        writer.Write(shown.ToHtml());
        return true;
    }
}
