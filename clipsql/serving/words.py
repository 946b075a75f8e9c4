"""The words of the gallery in the languages that it speaks."""

from __future__ import annotations

CHINESE = {
    "Search": "搜索",
    "Pictures": "图片",
    "Watches": "监视",
    "Progress": "进度",
    "API": "接口",
    "What should be on the picture?": "想找什么样的图片？",
    "a red truck + night - rain": "红色卡车 + 夜晚 - 雨",
    "Weigh and join terms with + and -: flower + 2*bee - night. image:42 is a stored picture.":
        "用 + 和 - 组合：花 + 2*蜜蜂 - 夜晚。image:42 是已存的图片。",
    "Choose, drop or paste a picture": "选择、拖入或粘贴图片",
    "Search with this picture": "以图搜索",
    "your picture": "你的图片",
    "Remove": "移除",
    "Filters": "筛选",
    "Collection": "图集",
    "Time": "时间",
    "From": "从",
    "Until": "到",
    "Similarity": "相似度",
    "Better than this share of the collection, %": "优于图集中的百分比",
    "Similarity of at least": "相似度至少",
    "Fold pictures more alike than": "合并相似度高于此值的图片",
    "Apply": "应用",
    "Clear all": "全部清除",
    "best first": "按相关性",
    "by date": "按日期",
    "{count} pictures": "{count} 张图片",
    "the best {count} pictures": "最相关的 {count} 张图片",
    "the latest {count} pictures": "最新的 {count} 张图片",
    "{shown} shown": "显示 {shown} 张",
    "Show more": "显示更多",
    "No picture matches.": "没有符合的图片。",
    "Take a filter away, or ask for less.": "请去掉一个筛选条件，或降低要求。",
    "This search as SQL": "此搜索的 SQL",
    "Copy": "复制",
    "Copied": "已复制",
    "More like this": "更多类似",
    "Not like this": "不要类似",
    "Same day": "同一天",
    "Within 500 m": "500 米以内",
    "Back": "返回",
    "Number": "编号",
    "Taken": "拍摄时间",
    "Place": "地点",
    "Size": "尺寸",
    "Address": "地址",
    "State": "状态",
    "no preview": "无预览",
    "selected": "已选",
    "Copy numbers": "复制编号",
    "Show these alone": "只显示这些",
    "Select none": "取消选择",
    "select": "选择",
    "better than {percentile} % of the collection": "优于图集的 {percentile} %",
    "similarity": "相似度",
    "Key": "密钥",
    "Open": "进入",
    "Leave": "退出",
    "A key opens this gallery. Whoever runs the server makes one with": "需要密钥。服务器管理员可用以下命令生成：",
    "This key opens nothing here.": "此密钥无效。",
    "Alarms": "警报",
    "There is no alarm yet.": "还没有警报。",
    "There is no watch yet.": "还没有监视。",
    "Watch for this": "监视此搜索",
    "Name": "名称",
    "Alarms a day": "每天警报数",
    "Right": "正确",
    "Wrong": "错误",
    "Pause": "暂停",
    "Resume": "恢复",
    "paused": "已暂停",
    "looks for": "查找",
    "precision": "准确率",
    "judged": "已判断",
    "alarms": "警报",
    "embedded": "已嵌入",
    "pending": "等待中",
    "failed": "失败",
    "captions": "说明",
    "Model": "模型",
    "first": "最早",
    "last": "最晚",
    "What went wrong": "失败原因",
    "Indexes": "索引",
    "rows": "行",
    "state": "状态",
    "recall": "召回率",
    "reason": "原因",
    "for example": "例如",
    "Language": "语言",
    "Skip to the pictures": "跳到图片",
    "all": "全部",
    "Keys: / search, arrows move, Enter opens, x selects.": "快捷键：/ 搜索，方向键移动，回车打开，x 选择。",
}  # fmt: skip
LANGUAGES = {"en": "English", "zh": "中文"}


def language_of(asked: str | None, accepted: str) -> str:
    """The language that is asked for, else the first that the browser accepts and we speak, else English."""
    if asked in LANGUAGES:
        return asked
    for part in accepted.split(","):
        if (code := part.strip()[:2].lower()) in LANGUAGES:
            return code
    return "en"


def say(language: str, text: str, **values: object) -> str:
    """The text in a language, with its values."""
    return (CHINESE[text] if language == "zh" else text).format(**values) if values else (
        CHINESE[text] if language == "zh" else text
    )  # fmt: skip
